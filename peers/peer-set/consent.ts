// What a namespace permits to the PeerSets of others, by its annotations: a PeerSet reads, writes and delivers where it
// is; elsewhere by consent only.

/** On a namespace: namespaces whose PeerSets may write here, comma-separated, or `*`. */
export const allowPeerSetsFrom = 'repeer.dev/allow-peersets-from'
/** On a namespace: namespaces whose PeerSets may list peers that run here, comma-separated, or `*`. */
export const sharePeersWith = 'repeer.dev/share-peers-with'

/** The names of such an annotation. */
export function namesIn(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
}

export function permits(names: readonly string[] | undefined, from: string): boolean {
  return names?.some(name => name === '*' || name === from) ?? false
}
