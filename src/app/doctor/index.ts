import { checkArchitectures } from './architectures.ts'
import { checkBoxTools } from './box-tools.ts'
import { checkCi, ciFacts } from './ci.ts'
import { asText, install, installCommands, missingPackages } from './fix.ts'
import { checkDisk, checkNamespaces, checkNode, checkRuntimeDir } from './host.ts'
import type { Check, DoctorInputs, DoctorResult } from './model.ts'
import { checkMounts } from './mounts.ts'
import { checkProviders } from './providers.ts'

export type { Check, DoctorInputs, DoctorResult } from './model.ts'

/** Looks at everything that machines and boxes need on this host. Changes nothing. */
export async function doctor(inputs: DoctorInputs): Promise<DoctorResult> {
  const { user, cwd, signal, emit } = inputs
  const looks: (() => Check | Promise<Check>)[] = [
    () => checkNode(),
    checkBoxTools,
    checkArchitectures,
    checkNamespaces,
    checkMounts,
    () => checkRuntimeDir(user.runtime),
    () => checkDisk('disk:boxes', user.boxes),
    () => checkDisk('disk:project', cwd),
  ]
  const total = looks.length + 1
  const tell = (done: number, message: string) =>
    emit({ type: 'progress', step: 'doctor', message, done, total, unit: 'items' })
  tell(0, 'trying the providers')
  const { checks: providers, auto } = await checkProviders(inputs.providers, signal)
  const checks: Check[] = []
  for (const look of looks) {
    checks.push(await look())
    tell(checks.length + 1, 'looking at the host')
  }
  checks.splice(1, 0, ...providers)
  if (inputs.ci !== undefined) checks.push(...checkCi(ciFacts(inputs.ci)))
  return { usable: checks.every((check) => check.status !== 'fail'), auto, checks, installed: [] }
}

/**
 * Installs the packages that are missing, and looks again. `confirm` is asked with the commands that are to be run,
 * and throws E_CONFIRM.
 */
export async function fix(
  before: DoctorResult,
  inputs: DoctorInputs,
  confirm: (command: string) => Promise<void>,
): Promise<DoctorResult> {
  const packages = missingPackages(before.checks)
  if (packages.length === 0) return before
  const commands = installCommands(packages)
  await confirm(asText(commands))
  for (const command of commands) await install(command, inputs.emit, inputs.signal)
  return { ...(await doctor(inputs)), installed: packages }
}
