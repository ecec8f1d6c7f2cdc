import { basename, dirname } from 'node:path'
import type { CompanionConfig } from '../../background/index.ts'
import { endHolder } from '../../background/index.ts'
import { isPosadaError, type PosadaError } from '../../errors/index.ts'
import { processIdentity } from '../../lib/process/process-identity.ts'
import type { Machine } from '../../manifest/index.ts'
import { ensureRuntimeDir, type MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import type { SshTarget } from '../../ssh/index.ts'
import type { Places, Reporting } from '../project.ts'
import { sshTarget } from './target.ts'

/** A machine that is up. */
export interface UpMachine {
  config: Machine
  provider: Provider
  state: MachineState
  /** Of the process of this host that it goes by; null: there is none. */
  pid: number | null
}

/** A process that serves one machine over SSH. */
interface Kept<Config, Answer> {
  /** What it is told, from what all such are told. */
  config: (common: CompanionConfig & { target: SshTarget }) => Config | Promise<Config>
  control: string
  lock: string
  log: string
  ask: (lock: string) => Promise<Answer | null>
  /** Whether one that answers so does what it should. */
  fits: (answer: Answer, config: Config) => boolean
  launch: (config: Config, options: { log: string; signal: AbortSignal }) => Promise<void>
  /** What is told where it cannot be started. */
  failure: string
  codes: readonly PosadaError['code'][]
}

/**
 * Sees to it that such a process serves a running machine, whose lock is held. Returns what it answers; null where none
 * runs. One that cannot be started is a warning: the machine is up.
 */
export async function keepCompanion<Config extends CompanionConfig, Answer>(
  project: Places & Reporting,
  { config, provider, state, pid }: UpMachine,
  kept: Kept<Config, Answer>,
): Promise<Answer | null> {
  const { lock, control } = kept
  const { runtimeDir } = state.spec.files
  const hypervisor = pid === null ? null : await processIdentity(pid)
  // The machine has just ended.
  if (hypervisor === null) return null
  try {
    const target = sshTarget(provider, state, project.paths.machine(config.name))
    const settings = await kept.config({ machine: config.name, target, hypervisor, control, lock })
    const found = await kept.ask(lock)
    if (found !== null && kept.fits(found, settings)) return found
    await endHolder(lock)
    // It is gone where the user logged out while the machine ran.
    await ensureRuntimeDir(dirname(runtimeDir), basename(runtimeDir))
    await kept.launch(settings, { log: kept.log, signal: project.signal })
    return await kept.ask(lock)
  } catch (error) {
    if (!isPosadaError(error, ...kept.codes, 'E_CONTROL', 'E_RUNTIME_DIR')) throw error
    const message = `${kept.failure}: ${error.message}`
    const hint = `posada up ${config.name} tries again`
    project.emit({ type: 'notice', level: 'warn', machine: config.name, message, hint })
    return null
  }
}
