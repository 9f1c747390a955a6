// What a version of Kubernetes can do. Pure.

/** The first Kubernetes 1.N that knows restartPolicyRules with RestartAllContainers without a feature gate (KEP-5532). */
export const restartAllMinor = 36

/** @param version of the API server, as GET /version has it; what is missing or no number knows nothing */
export function knowsRestartAll({ major, minor }: { readonly major?: string; readonly minor?: string }): boolean {
  // Managed clusters write "36+".
  const release = Number.parseInt(minor ?? '', 10)
  return Number(major) > 1 || (Number(major) === 1 && release >= restartAllMinor)
}
