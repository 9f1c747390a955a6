// metadata.managedFields as server-side apply leaves them: who has stated what. FieldsV1: `f:` and a field's name; `k:`
// and the JSON of the key for an entry of a list that is a map, of which the stand-in knows ports (Kubernetes,
// "Server-Side Apply").

type Entry = { readonly manager?: string; readonly operation?: string; readonly fieldsV1?: unknown }

/** The entries after `manager` has applied `body`. */
export function withManager(before: unknown, manager: string, body: object): Entry[] {
  const others = (Array.isArray(before) ? (before as Entry[]) : []).filter(entry => entry.manager !== manager)
  const { apiVersion: _, kind: __, ...stated } = body as Record<string, unknown>
  return [...others, { manager, operation: 'Apply', fieldsV1: fieldsOf(stated) }]
}

function fieldsOf(value: unknown): object {
  if (Array.isArray(value)) {
    const ports = value.filter((port): port is { port: number; protocol?: string } => typeof port?.port === 'number')
    return Object.fromEntries(
      ports.map(({ port, protocol = 'TCP' }) => [`k:${JSON.stringify({ port, protocol })}`, {}]),
    )
  }
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([name, its]) => [`f:${name}`, fieldsOf(its)]))
}
