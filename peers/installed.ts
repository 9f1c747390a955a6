// The names and ports of repeer's own objects, as manifests/base has them (a test compares).

/** Of the webhook, the controller, and what they keep; overlays and flags can name another. */
export const ownNamespace = 'repeer-system'

/** `name`: of the Deployment and the Service; `port`: TCP, HTTPS. */
export const webhook = {
  name: 'repeer-webhook',
  container: 'webhook',
  secret: 'repeer-webhook-tls',
  configuration: 'repeer',
  port: 8443,
} as const

/** `name`: of the Deployment and the Lease, and of who writes; `port`: TCP, plain HTTP, metrics and health. */
export const controller = { name: 'repeer-controller', port: 9470 } as const
