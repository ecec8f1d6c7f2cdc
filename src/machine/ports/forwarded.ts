import { isDeepStrictEqual } from 'node:util'
import { endHolder } from '../../background/index.ts'
import { askForwards, launchForwarder } from '../../forwarder/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { forwarderSocket } from '../../project/index.ts'
import { sshGuestPort } from '../facts/ssh-port.ts'
import { keepCompanion, type UpMachine } from '../guest/keep-companion.ts'
import type { Declared, Places, Reporting } from '../project.ts'
import type { PortResult } from '../results.ts'

/**
 * Sees to it that what listens in a running machine, whose lock is held, is forwarded where the
 * manifest says `ports: auto`, and by no process where it does not. Returns what is forwarded now. A
 * process that cannot be started is a warning: the machine is up.
 */
export async function keepForwarded(
  project: Declared & Places & Reporting,
  running: UpMachine,
): Promise<PortResult[]> {
  const { config, state } = running
  const { forwarderLock: lock, forwarderLog: log } = project.paths.machine(config.name)
  if (!config.autoPorts) {
    await endHolder(lock)
    return []
  }
  const tcp = config.ports.filter(({ protocol }) => protocol === 'tcp')
  const forwarding = await keepCompanion(project, running, {
    config: (common) => ({
      ...common,
      skip: [sshGuestPort, ...tcp.map(({ guestPort }) => guestPort)],
      avoid: project.manifest.machines.flatMap(({ ports }) => ports.map(({ hostPort }) => hostPort)),
    }),
    control: forwarderSocket(state.spec.files.runtimeDir),
    lock,
    log,
    ask: askForwards,
    // One that was begun for the machine's process before this one is about to end.
    fits: (found, { hypervisor }) => isDeepStrictEqual(found.hypervisor, hypervisor),
    launch: launchForwarder,
    failure: 'automatic port forwarding does not work',
    codes: ['E_FORWARDER'],
  })
  return (forwarding?.ports ?? []).map(autoPort)
}

/** What is forwarded by itself now; null where nothing sees to it, though the manifest asks for it. */
export async function forwardedNow(project: Places, config: Machine | null): Promise<PortResult[] | null> {
  if (config?.autoPorts !== true) return []
  const { forwarderLock } = project.paths.machine(config.name)
  return (await askForwards(forwarderLock))?.ports.map(autoPort) ?? null
}

function autoPort({ hostPort, guestPort }: { hostPort: number; guestPort: number }): PortResult {
  return { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort, guestPort, auto: true }
}
