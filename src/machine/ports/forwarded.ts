import { basename, dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isPosadaError } from '../../errors/index.ts'
import { askForwards, endForwarder, type ForwarderConfig, launchForwarder } from '../../forwarder/index.ts'
import { processIdentity } from '../../lib/process/process-identity.ts'
import type { Machine } from '../../manifest/index.ts'
import { ensureRuntimeDir, forwarderSocket, type MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { sshGuestPort } from '../facts/ssh-port.ts'
import { sshTarget } from '../guest/target.ts'
import type { Declared, Places, Reporting } from '../project.ts'
import type { PortResult } from '../results.ts'

export interface Forwarded {
  config: Machine
  provider: Provider
  state: MachineState
  /** Of the hypervisor. */
  pid: number
}

/**
 * Sees to it that what listens in a running machine, whose lock is held, is forwarded where the
 * manifest says `ports: auto`, and by no process where it does not. Returns what is forwarded now. A
 * process that cannot be started is a warning: the machine is up.
 */
export async function keepForwarded(
  project: Declared & Places & Reporting,
  running: Forwarded,
): Promise<PortResult[]> {
  const { config, state } = running
  const { runtimeDir } = state.spec.files
  const { forwarderLock, forwarderLog } = project.paths.machine(config.name)
  if (!config.autoPorts) {
    await endForwarder(forwarderLock)
    return []
  }
  try {
    const settings = await forwarderConfig(project, running)
    if (settings === null) return []
    const found = await askForwards(forwarderLock)
    // One that was begun for the machine's process before this one is about to end.
    if (found !== null && isDeepStrictEqual(found.hypervisor, settings.hypervisor))
      return found.ports.map(autoPort)
    await endForwarder(forwarderLock)
    // It is gone where the user logged out while the machine ran.
    await ensureRuntimeDir(dirname(runtimeDir), basename(runtimeDir))
    await launchForwarder(settings, { log: forwarderLog, signal: project.signal })
    return ((await askForwards(forwarderLock))?.ports ?? []).map(autoPort)
  } catch (error) {
    if (
      !isPosadaError(error, 'E_FORWARDER') &&
      !isPosadaError(error, 'E_CONTROL') &&
      !isPosadaError(error, 'E_RUNTIME_DIR')
    )
      throw error
    const message = `automatic port forwarding does not work: ${error.message}`
    const hint = `posada up ${config.name} tries again`
    project.emit({ type: 'notice', level: 'warn', machine: config.name, message, hint })
    return []
  }
}

/** What is forwarded by itself now; null where nothing sees to it, though the manifest asks for it. */
export async function forwardedNow(project: Places, config: Machine | null): Promise<PortResult[] | null> {
  if (config?.autoPorts !== true) return []
  const { forwarderLock } = project.paths.machine(config.name)
  return (await askForwards(forwarderLock))?.ports.map(autoPort) ?? null
}

/** Null for a machine that has just ended. */
async function forwarderConfig(
  project: Declared & Places,
  { config, provider, state, pid }: Forwarded,
): Promise<ForwarderConfig | null> {
  const hypervisor = await processIdentity(pid)
  if (hypervisor === null) return null
  const tcp = config.ports.filter(({ protocol }) => protocol === 'tcp')
  return {
    machine: config.name,
    target: sshTarget(provider, state, project.paths.machine(config.name)),
    hypervisor,
    control: forwarderSocket(state.spec.files.runtimeDir),
    lock: project.paths.machine(config.name).forwarderLock,
    skip: [sshGuestPort, ...tcp.map(({ guestPort }) => guestPort)],
    avoid: project.manifest.machines.flatMap(({ ports }) => ports.map(({ hostPort }) => hostPort)),
  }
}

function autoPort({ hostPort, guestPort }: { hostPort: number; guestPort: number }): PortResult {
  return { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort, guestPort, auto: true }
}
