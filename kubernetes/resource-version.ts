/**
 * Whether an object is older than another of the same collection. Resource versions are decimal numbers that grow
 * (Kubernetes API Concepts, "Resource Versions"). False where one is no number: then whatever came last counts.
 */
export function isOlder(version: string, than: string): boolean {
  return /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than)
}
