import { askHolder, launchCompanion } from '../background/index.ts'
import type { ForwarderConfig, Forwarding } from './config.ts'

const kind = { name: 'forwarder', what: 'the process that forwards ports', code: 'E_FORWARDER' } as const

/** Starts the process for a machine; resolves when what listens in the guest now is forwarded. E_FORWARDER. */
export async function launchForwarder(
  config: ForwarderConfig,
  options: { log: string; signal: AbortSignal },
): Promise<void> {
  await launchCompanion(kind, config, options)
}

/** What the process with this lock forwards now; null where none runs, or none that answers. */
export async function askForwards(lock: string): Promise<Forwarding | null> {
  return (await askHolder(lock, 'ports')) as Forwarding | null
}
