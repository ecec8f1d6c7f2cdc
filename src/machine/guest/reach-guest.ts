import type { StoredBox } from '../../box/index.ts'
import { isPosadaError } from '../../errors/index.ts'
import { type Deadline, deadlineIn } from '../../lib/async/time-limit.ts'
import { isUnsettled, type MachinePaths, type MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { connect, type SshSession, type SshStage, waitForSsh } from '../../ssh/index.ts'
import { inStep } from '../in-step.ts'
import type { Reporting } from '../project.ts'
import { awaitAnnouncement, bootTimeout, raceCrash } from './ready.ts'
import { readyChannel } from './ready-channel.ts'
import { sshTarget } from './target.ts'

/** A guest that has been started. */
export interface Guest {
  provider: Provider
  state: MachineState
  paths: MachinePaths
  /** Milliseconds until it has to let us in. */
  bootTimeout: number
}

/** Says whether it takes over the connection to a machine that came up and that no step has changed; it then closes it. */
export type HandOver = (machine: string, session: SshSession) => boolean

/** Waits for a guest that says when it can be logged in to; others are found out by trying. */
export async function awaitGuest(project: Reporting, guest: Guest, box: StoredBox): Promise<void> {
  const { provider, state } = guest
  const open = readyChannel(provider, state.spec, box.manifest)
  if (open === null) return
  const step = { machine: state.spec.name, step: 'boot', message: 'waiting for the guest' }
  await inStep(project.emit, step, () =>
    awaitAnnouncement(open, {
      provider,
      spec: state.spec,
      timeout: guest.bootTimeout,
      consoleFrom: state.start?.consoleFrom ?? 0,
      signal: project.signal,
    }),
  )
}

/** Milliseconds that a guest which was open before has for its first answer; then it is said that it is waited for. */
const answer = 5000

/** Connects to a guest that was logged in to before. One that does not answer may be starting again: it gets its time. */
export async function openSession(project: Reporting, guest: Guest): Promise<SshSession> {
  const deadline = deadlineIn(guest.bootTimeout)
  const target = sshTarget(guest.provider, guest.state, guest.paths)
  try {
    return await connect(target, { bannerTimeout: answer, signal: project.signal })
  } catch (error) {
    if (!isPosadaError(error, 'E_SSH_CONNECT')) throw error
    const message = 'waiting for the guest, which does not answer: it may be restarting'
    return inStep(project.emit, { machine: guest.state.spec.name, step: 'ssh', message }, () =>
      connectInTime(project, guest, { deadline }),
    )
  }
}

const stages: Record<SshStage, string> = {
  none: 'its SSH port does not answer',
  tcp: 'its SSH port is open and says nothing',
  banner: 'its SSH server does not finish the handshake',
  handshake: 'it has not let us log in',
  auth: 'the login was not completed',
}

/** Connects as soon as the guest allows; a guest that never does is E_BOOT_TIMEOUT with the stage. */
export async function connectInTime(
  project: Reporting,
  { provider, state, paths, bootTimeout: patience }: Guest,
  {
    deadline,
    ...keys
  }: { deadline: Deadline; boxKeyFiles?: readonly string[]; ownKeyFirst?: boolean; authPatience?: number },
): Promise<SshSession> {
  let reached: SshStage = 'none'
  const onStage = (stage: SshStage) => {
    reached = stage
  }
  const timeout = Math.max(deadline.left(), 5000)
  // An SSH server may be there before cloud-init has made the user.
  const refused = isUnsettled(state) ? { authPatience: timeout } : {}
  const target = sshTarget(provider, state, paths)
  try {
    const consoleFrom = state.start?.consoleFrom ?? 0
    const watched = { provider, spec: state.spec, timeout, consoleFrom, signal: project.signal }
    return await raceCrash(watched, (signal) =>
      waitForSsh(target, { ...keys, ...refused, timeout, onStage, signal }),
    )
  } catch (error) {
    const isRefused = state.cloudInit !== undefined && isPosadaError(error, 'E_SSH_AUTH')
    if (!isRefused && !isPosadaError(error, 'E_SSH_CONNECT')) throw error
    if (isRefused) reached = 'handshake'
    throw await bootTimeout(state.spec, { timeout: patience, stage: stages[reached], cause: error })
  }
}
