import type { Emit } from '../../events/index.ts'
import { checkBoxTools } from './box-tools.ts'
import { asText, install, installCommands, missingPackages } from './fix.ts'
import { checkDisk, checkNamespaces, checkNode, checkRuntimeDir } from './host.ts'
import type { Check, DoctorInputs, DoctorResult } from './model.ts'
import { checkProviders } from './providers.ts'

export type { Check, DoctorInputs, DoctorResult } from './model.ts'

/** Looks at everything that machines and boxes need on this host. Changes nothing. */
export async function doctor(inputs: DoctorInputs): Promise<DoctorResult> {
  const { user, cwd, signal } = inputs
  const { checks: providers, auto } = await checkProviders(inputs.providers, signal)
  const checks: Check[] = [
    checkNode(),
    ...providers,
    checkBoxTools(),
    await checkNamespaces(),
    await checkRuntimeDir(user.runtime),
    await checkDisk('disk:boxes', user.boxes),
    await checkDisk('disk:project', cwd),
  ]
  return { usable: checks.every((check) => check.status !== 'fail'), auto, checks, installed: [] }
}

export interface FixOptions {
  emit: Emit
  /** Asked with the commands that are to be run; E_CONFIRM is thrown there. */
  confirm: (command: string) => Promise<void>
}

/** Installs the packages that are missing, and looks again. */
export async function fix(
  before: DoctorResult,
  inputs: DoctorInputs,
  options: FixOptions,
): Promise<DoctorResult> {
  const packages = missingPackages(before.checks)
  if (packages.length === 0) return before
  const commands = installCommands(packages)
  await options.confirm(asText(commands))
  for (const command of commands) await install(command, options.emit, inputs.signal)
  return { ...(await doctor(inputs)), installed: packages }
}
