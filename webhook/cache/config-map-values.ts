// What of a ConfigMap can hold peers: its texts by key.

/** Base64 is four characters for three bytes. */
const perByte = 4 / 3

/**
 * The texts of a raw ConfigMap by key, without a prototype, since any name can be a key. What stands in `binaryData` is
 * mounted like the rest, and counts where it is a text (UTF-8 without NUL). Values longer than `longest` characters are
 * left out, as if their keys were not there.
 */
export function configMapValues(object: unknown, longest = Number.POSITIVE_INFINITY): Readonly<Record<string, string>> {
  const { data, binaryData } = (object ?? {}) as { data?: unknown; binaryData?: unknown }
  const values: Record<string, string> = Object.create(null)
  for (const [key, value] of texts(binaryData)) {
    const text = value.length <= longest * perByte + perByte * 3 ? utf8(value) : undefined
    if (text !== undefined && text.length <= longest) values[key] = text
  }
  for (const [key, value] of texts(data)) if (value.length <= longest) values[key] = value
  return values
}

function texts(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
}

/** ignoreBOM keeps the mark: the node's own parser will meet it, too. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8(base64: string): string | undefined {
  try {
    const text = decoder.decode(Buffer.from(base64, 'base64'))
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}
