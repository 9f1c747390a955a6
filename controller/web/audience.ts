// Who is shown the page to look at.

/**
 * `local`: who comes from the pod's own loopback address, as a port-forward does, for which the API server wants a
 * permission. `all`: whoever reaches the port.
 */
export const webAudiences = ['local', 'all', 'off'] as const
export type WebAudience = (typeof webAudiences)[number]
