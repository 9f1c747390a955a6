// Kubernetes resource quantities ("250m", "1Gi", "1e3"), as far as comparing and adding them goes. Rule:
// k8s.io/apimachinery/pkg/api/resource, Quantity: a signed decimal with an optional decimal or binary suffix or a
// decimal exponent.

const binary = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 } as const
const decimal = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 } as const

/**
 * The quantity in billionths of its unit, the smallest step that Kubernetes keeps, rounded up as it does; undefined
 * where it is none.
 */
export function nanos(quantity: string | number): bigint | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,2}))?$/.exec(String(quantity))
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', binarySuffix, decimalSuffix, exponent] = match
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt(whole + fraction) << BigInt(binarySuffix ? binary[binarySuffix as keyof typeof binary] : 0)
  const power =
    9 - fraction.length + (exponent ? Number(exponent) : decimal[(decimalSuffix ?? '') as keyof typeof decimal])
  const value = power >= 0 ? digits * 10n ** BigInt(power) : ceilDivide(digits, 10n ** BigInt(-power))
  return sign === '-' ? -value : value
}

function ceilDivide(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}
