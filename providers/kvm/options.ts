import type { OptionProblem } from '../../src/provider/index.ts'

/** The built-in hypervisor has nothing to be chosen: a problem for each entry. Pure. */
export function checkKvmOptions(options: Record<string, unknown>): OptionProblem[] {
  return Object.keys(options).map((key) => ({
    path: [key],
    message: `kvm has no option ${JSON.stringify(key)}`,
    hint: 'it has none so far',
  }))
}
