// The test bed's etcd by its JSON gateway, which needs no client.
type Answer = { readonly header: { readonly revision: string } }

/** Throws with what it answered instead. */
export async function postEtcd(path: string, body: unknown): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:2379${path}`, { method: 'POST', body: JSON.stringify(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(`etcd ${path}: ${response.status} ${text.slice(0, 200)}`)
  return JSON.parse(text) as Answer
}
