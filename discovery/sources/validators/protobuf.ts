// The wire format of protocol buffers (protobuf.dev/programming-guides/encoding), as much of it as the provider chain's
// queries need. Pure.

/** One value: a number (varint; above 2^53 inexact) or the bytes of a text, of bytes or of a message. */
export type Value = number | Uint8Array
export type Message = ReadonlyMap<number, readonly Value[]>

/**
 * Throws an Error for what is no message. Values by field number, in order; fields of fixed length are checked and left
 * out.
 */
export function readMessage(bytes: Uint8Array): Message {
  const fields = new Map<number, Value[]>()
  let at = 0

  function varint(): number {
    let value = 0
    for (let index = 0; index < 10; index++) {
      const byte = bytes[at++]
      if (byte === undefined)
        throw new Error(`found the end of the message at byte ${at - 1}, expected the rest of a number`)
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) return value
    }
    throw new Error(`found a number of more than 10 bytes before byte ${at}`)
  }

  function skip(length: number): Uint8Array {
    if (length > bytes.length - at)
      throw new Error(`found ${bytes.length - at} bytes after byte ${at}, expected ${length}`)
    at += length
    return bytes.subarray(at - length, at)
  }

  while (at < bytes.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const type = tag % 8
    if (number === 0 || number > 0x1fffffff) throw new Error(`found field ${number} before byte ${at}, which cannot be`)
    const value = type === 0 ? varint() : type === 2 ? skip(varint()) : undefined
    if (type === 1) skip(8)
    else if (type === 5) skip(4)
    else if (value === undefined) throw new Error(`found wire type ${type} before byte ${at}, expected 0, 1, 2 or 5`)
    if (value === undefined) continue
    const values = fields.get(number)
    if (values) values.push(value)
    else fields.set(number, [value])
  }
  return fields
}

/** The last value counts, as proto3 has it; '' where there is none. Throws where it is no text. */
export function text(message: Message, field: number): string {
  return utf8(bytesOf(message, field))
}

export function bytesOf(message: Message, field: number): Uint8Array {
  const value = message.get(field)?.at(-1) ?? new Uint8Array()
  if (typeof value === 'number') throw new Error(`found a number in field ${field}, expected bytes`)
  return value
}

export function number(message: Message, field: number): number {
  const value = message.get(field)?.at(-1) ?? 0
  if (typeof value !== 'number') throw new Error(`found bytes in field ${field}, expected a number`)
  return value
}

export function messages(message: Message, field: number): Message[] {
  return all(message, field).map(readMessage)
}

export function texts(message: Message, field: number): string[] {
  return all(message, field).map(utf8)
}

function utf8(bytes: Uint8Array): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('utf8')
}

function all(message: Message, field: number): Uint8Array[] {
  return (message.get(field) ?? []).map(value => {
    if (typeof value === 'number') throw new Error(`found a number in field ${field}, expected bytes`)
    return value
  })
}

/** A message of the given fields; empty ones are left out, as proto3 does. */
export function writeMessage(
  fields: readonly (readonly [field: number, value: number | string | Uint8Array])[],
): Buffer {
  return Buffer.concat(
    fields.flatMap(([field, value]) => {
      if (typeof value === 'number') return value === 0 ? [] : [writeVarint(field * 8), writeVarint(value)]
      const bytes = typeof value === 'string' ? Buffer.from(value) : value
      return bytes.length === 0 ? [] : [writeVarint(field * 8 + 2), writeVarint(bytes.length), bytes]
    }),
  )
}

function writeVarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  return Buffer.from([...bytes, rest])
}
