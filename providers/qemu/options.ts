import type { HostOption, OptionProblem } from '../../src/provider/index.ts'

/** The manifest's `providers.qemu`, checked. */
export interface QemuOptions {
  /** QEMU's machine type, as in `-machine`: `pc`, `q35`, `microvm`… */
  machine?: string
  /** What executes guest code; the best that works where absent. */
  accel?: 'kvm' | 'hvf' | 'tcg'
  /** As in `-cpu`: `max`, `EPYC,+svm,+npt`… */
  cpu?: string
  /** Further arguments, put last. */
  args: string[]
  /** The program, by absolute path or looked up in PATH. */
  binary?: string
}

type Check = (value: unknown) => string | null

const checks: Record<keyof QemuOptions, Check> = {
  machine: text,
  accel: (value) =>
    ['auto', 'kvm', 'hvf', 'tcg'].includes(value as string) ? null : 'expected auto, kvm, hvf or tcg',
  cpu: text,
  args: (value) => (Array.isArray(value) ? null : 'expected a list of strings'),
  binary: (value) =>
    text(value) ??
    (/^[^/]+\//.test(String(value)) ? 'expected an absolute path or a name to look up in PATH' : null),
}

/** A problem for each wrong entry. Pure. */
export function checkQemuOptions(options: Record<string, unknown>): OptionProblem[] {
  const known = Object.keys(checks)
  return Object.entries(options).flatMap(([key, value]): OptionProblem[] => {
    if (!isKnown(key)) {
      return [
        {
          path: [key],
          message: `qemu has no option ${JSON.stringify(key)}`,
          hint: `its options are ${known.join(', ')}`,
        },
      ]
    }
    const message = checks[key](value)
    if (message !== null) return [{ path: [key], message: `${message}, got ${show(value)}` }]
    return key === 'args' && Array.isArray(value) ? value.flatMap(checkArgument) : []
  })
}

/** Options that `checkQemuOptions` found nothing wrong with. */
export function qemuOptions(options: Record<string, unknown>): QemuOptions {
  const { accel, args, ...rest } = options as Partial<Omit<QemuOptions, 'accel'>> & { accel?: string }
  const result: QemuOptions = { ...rest, args: args ?? [] }
  if (accel === 'kvm' || accel === 'hvf' || accel === 'tcg') result.accel = accel
  return result
}

/**
 * Options by which the manifest chooses a program, or could reach files: everything after a comma of `-machine` and
 * `-cpu` is a property, and some name files. Pure.
 */
export function qemuHostOptions(options: Record<string, unknown>): HostOption[] {
  const { binary = '', args = [], machine = '', cpu = '' } = qemuOptions(options)
  const uses: HostOption[] = []
  const use = (what: string, given: unknown) =>
    uses.push({ what: `${what} ${JSON.stringify(given)}`, texts: [given].flat().map(String) })
  if (binary !== '') use('starts, as QEMU, the program', binary)
  if (args.length > 0) use('gives QEMU the arguments', args)
  if (!/^[\w.-]*$/.test(machine)) use('gives QEMU -machine', machine)
  if (!/^([\w.-]+(,[+-]?[\w.-]+(=\w+)?)*)?$/.test(cpu)) use('gives QEMU -cpu', cpu)
  return uses
}

function isKnown(key: string): key is keyof QemuOptions {
  return Object.hasOwn(checks, key)
}

function checkArgument(value: unknown, index: number): OptionProblem[] {
  const message =
    typeof value !== 'string' ? 'expected a string' : value.includes('\0') ? 'holds a NUL' : null
  if (message === null) return []
  return [{ path: ['args', index], message: `${message}, got ${show(value)}`, hint: 'quote numbers: "4"' }]
}

function text(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return 'expected a string'
  return value.includes('\0') ? 'expected text without NUL' : null
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60)
}
