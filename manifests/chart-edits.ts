// What the Helm chart has in place of texts of the kustomize files: values that admins set, and what components patch.

/** `find` stands in the file exactly `times` times (once, if not said), and `put` takes its place. */
export type Edit = { readonly find: string; readonly put: string; readonly times?: number }

const image = '{{ include "repeer.image" . }}'

/** Lines of a template, each indented by so many spaces. */
function lines(indent: number, ...texts: string[]): string {
  return texts.map(text => `${' '.repeat(indent)}${text}\n`).join('')
}

/** A value that is written only where it is set. */
function optional(indent: number, value: string, key?: string): string {
  const inner = key === undefined ? indent : indent + 2
  return lines(
    indent,
    `{{- with ${value} }}`,
    ...(key === undefined ? [] : [`${key}:`]),
    `${key === undefined ? '' : '  '}{{- toYaml . | nindent ${inner} }}`,
    '{{- end }}',
  )
}

/** What both Deployments have. `requests` is the block of resources that applies where none is set. */
function ofDeployment(component: 'webhook' | 'controller', requests: string): Edit[] {
  const values = `.Values.${component}`
  const container = lines(8, `    kubectl.kubernetes.io/default-container: ${component}`).slice(4)
  return [
    { find: container, put: container + optional(8, '.Values.podAnnotations') },
    {
      find: lines(6, 'enableServiceLinks: false'),
      put:
        lines(6, 'enableServiceLinks: false') +
        optional(6, '.Values.imagePullSecrets', 'imagePullSecrets') +
        lines(
          6,
          `{{- with ${component === 'webhook' ? '(include "repeer.webhookPriority" .)' : `${values}.priorityClassName`} }}`,
        ) +
        lines(6, 'priorityClassName: {{ . | quote }}', '{{- end }}'),
    },
    {
      find: lines(8, 'kubernetes.io/os: linux'),
      put: lines(8, 'kubernetes.io/os: linux') + optional(8, '.Values.nodeSelector'),
    },
    { find: lines(6, 'affinity:'), put: optional(8, '.Values.tolerations') + lines(6, 'affinity:') },
    {
      find: lines(10, 'imagePullPolicy: IfNotPresent'),
      put: lines(10, 'imagePullPolicy: {{ .Values.image.pullPolicy }}'),
    },
    { find: lines(10, 'image: repeer'), put: lines(10, `image: ${image}`) },
    {
      find: requests,
      put:
        lines(12, `{{- if ${values}.resources }}`, `{{- toYaml ${values}.resources | nindent 12 }}`, '{{- else }}') +
        requests +
        lines(12, '{{- end }}'),
    },
  ]
}

function requests(memory: string, limit: string): string {
  return (
    lines(12, 'requests:', '  cpu: 50m', `  memory: ${memory}`, '  ephemeral-storage: 16Mi') +
    lines(12, 'limits:', `  memory: ${limit}`, '  ephemeral-storage: 64Mi')
  )
}

const own = (kind: string) => `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\n`
const caBundleRule = `  # To publish the CA that signs the webhook's certificate in`
const peerSetsRule = '  # To give lists to the pods that PeerSets name'

/** docs/runbooks.md, wherever the admin has it: kustomize takes it from components/monitoring/settings.yaml. */
const runbooks = (times: number): Edit => ({
  find: 'https://repeer.example/set-this/docs/runbooks.md',
  put: '{{ $.Values.monitoring.runbooks }}',
  times,
})

/** By the file under manifests/. */
export const edits: Readonly<Record<string, readonly Edit[]>> = {
  'base/deployment.yaml': [
    ...ofDeployment('webhook', requests('128Mi', '384Mi')),
    {
      find: '  replicas: 2\n',
      put: '  replicas: {{ .Values.webhook.replicas | default (.Values.failClosed.enabled | ternary 3 2) }}\n',
    },
    { find: '--image=repeer\n', put: `--image=${image}\n` },
    {
      find: '            - --turns=controller\n',
      put:
        lines(12, '- --turns={{ .Values.controller.enabled | ternary "controller" "self" }}') +
        lines(12, '{{- if .Values.certManager.enabled }}', '- --cert-dir=/etc/repeer/tls', '{{- end }}') +
        optional(12, '.Values.webhook.extraArgs'),
    },
    {
      find: lines(10, 'ports:'),
      put:
        lines(10, '{{- if .Values.certManager.enabled }}', 'volumeMounts:') +
        lines(12, '- name: tls', '  mountPath: /etc/repeer/tls', '  readOnly: true') +
        lines(10, '{{- end }}', 'ports:'),
    },
    {
      find: lines(6, 'containers:'),
      put:
        lines(6, '{{- if .Values.certManager.enabled }}', 'volumes:', '  - name: tls', '    secret:') +
        lines(12, 'secretName: repeer-webhook-cert-manager') +
        lines(12, '# 0444: for the group 65532 as well as for a UID that the cluster assigns.', 'defaultMode: 292') +
        lines(6, '{{- end }}', 'containers:'),
    },
  ],
  'base/controller-deployment.yaml': [
    ...ofDeployment('controller', requests('192Mi', '512Mi')),
    { find: '  replicas: 2\n', put: '  replicas: {{ .Values.controller.replicas | default 2 }}\n' },
    {
      find: '            - --lease-name=repeer-controller\n',
      put: `            - --lease-name=repeer-controller\n${optional(12, '.Values.controller.extraArgs')}`,
    },
  ],
  'base/mutatingwebhookconfiguration.yaml': [
    {
      find: 'webhooks:\n',
      put:
        lines(2, '{{- if .Values.certManager.enabled }}', 'annotations:') +
        lines(4, 'cert-manager.io/inject-ca-from: repeer-system/repeer-webhook') +
        `${lines(2, '{{- end }}')}webhooks:\n`,
    },
    { find: 'failurePolicy: Ignore', put: 'failurePolicy: {{ .Values.failClosed.enabled | ternary "Fail" "Ignore" }}' },
    { find: 'timeoutSeconds: 5\n', put: 'timeoutSeconds: {{ .Values.failClosed.enabled | ternary 10 5 }}\n' },
  ],
  // cert-manager publishes its CA itself, and keeps its own Secret.
  'base/rbac.yaml': [
    { find: caBundleRule, put: `  {{- if not .Values.certManager.enabled }}\n${caBundleRule}` },
    { find: peerSetsRule, put: `  {{- end }}\n${peerSetsRule}` },
    { find: `---\n${own('Role')}`, put: `{{- if not .Values.certManager.enabled }}\n---\n${own('Role')}` },
    {
      find: '  kind: Role\n  name: repeer-webhook\nsubjects:\n  - kind: ServiceAccount\n    name: repeer-webhook\n    namespace: repeer-system\n',
      put: '  kind: Role\n  name: repeer-webhook\nsubjects:\n  - kind: ServiceAccount\n    name: repeer-webhook\n    namespace: repeer-system\n{{- end }}\n',
    },
  ],
  'components/monitoring/sidecar-rules.yaml': [runbooks(6)],
  'components/monitoring/controller-rules.yaml': [runbooks(6)],
  'components/monitoring/webhook-rules.yaml': [runbooks(7)],
  'components/monitoring/webhook-servicemonitor.yaml': [
    {
      find: 'name: repeer-webhook-tls\n',
      put: 'name: {{ .Values.certManager.enabled | ternary "repeer-webhook-cert-manager" "repeer-webhook-tls" }}\n',
    },
  ],
  // With the custom resource definition all PeerSets would go, and the ConfigMaps that were created for them.
  'base/peersets-crd.yaml': [
    {
      find: '  name: peersets.repeer.dev\n',
      put: '  name: peersets.repeer.dev\n  annotations:\n    helm.sh/resource-policy: keep\n',
    },
  ],
}
