import { readFile } from 'node:fs/promises'
import type { StoredBox } from '../box/index.ts'
import { loginKeys } from '../box/login-keys.ts'
import { isPosadaError } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import { isUnsettled, type MachineState, writeState } from '../project/machine-state.ts'
import type { Provider } from '../provider/index.ts'
import {
  ensureKeyPair,
  type KeyPair,
  loadSsh2,
  publicKeyOf,
  replaceKey,
  type SshSession,
  type SshStage,
  waitForSsh,
} from '../ssh/index.ts'
import type { Project } from './project.ts'
import { awaitAnnouncement, bootTimeout, raceCrash } from './ready.ts'
import { sshTarget } from './target.ts'
import { inStep } from './work.ts'

export interface LoginInputs {
  config: Machine
  provider: Provider
  state: MachineState
}

/**
 * Waits for the guest of a machine that has been started and logs in; on the first login the
 * machine's own key takes the place of the box's and the guest gets its name. Returns the open
 * session and the state as written, with `readyAt`.
 */
export async function logIn(
  project: Project,
  inputs: LoginInputs,
): Promise<{ session: SshSession; state: MachineState }> {
  const { config, provider, state } = inputs
  const machine = config.name
  const box = await project.boxes.byDigest(state.box)
  const deadline = Date.now() + config.bootTimeout
  // What the login needs is made ready while the guest boots.
  const own = await prepare(project, machine)
  const socket = box.manifest.announcesReady ? provider.channel(state.spec, 'ready') : null
  if (socket !== null) {
    await inStep(project.emit, { machine, step: 'boot', message: 'waiting for the guest' }, () =>
      awaitAnnouncement(socket, {
        provider,
        spec: state.spec,
        timeout: config.bootTimeout,
        consoleFrom: state.start?.consoleFrom ?? 0,
        signal: project.signal,
      }),
    )
  }
  return inStep(project.emit, { machine, step: 'ssh', message: 'logging in' }, async () => {
    const session = await openFirst(project, inputs, { box, own, deadline })
    const at = new Date().toISOString()
    const ready: MachineState = {
      ...state,
      login: { ...state.login, ownKey: true },
      start: { at, ...state.start, readyAt: at },
    }
    try {
      await writeState(project.paths.machine(machine), ready)
      return { session, state: ready }
    } catch (error) {
      await session.close()
      throw error
    }
  })
}

async function prepare(project: Project, machine: string): Promise<KeyPair> {
  const { key, publicKey } = project.paths.machine(machine)
  const [own] = await Promise.all([ensureKeyPair({ key, publicKey }, `posada ${machine}`), loadSsh2()])
  return own
}

async function openFirst(
  project: Project,
  { config, provider, state }: LoginInputs,
  { box, own, deadline }: { box: StoredBox; own: KeyPair; deadline: number },
): Promise<SshSession> {
  const { signal } = project
  const boxKeys = loginKeys(box.manifest).map(({ file }) => `${box.dir}/${file}`)
  const session = await connectInTime(project, { config, provider, state }, deadline, {
    ...(state.login.ownKey ? {} : { boxKeyFiles: boxKeys }),
  })
  try {
    if (!state.login.ownKey) {
      const oldPublicKeys = await Promise.all(
        boxKeys.map(async (path) => publicKeyOf(await readFile(path, 'utf8'), path)),
      )
      await replaceKey(session, { newPublicKey: own.publicKey, oldPublicKeys, hostname: config.name, signal })
    }
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

const STAGES: Record<SshStage, string> = {
  none: 'its SSH port does not answer',
  tcp: 'its SSH port is open and says nothing',
  banner: 'its SSH server does not finish the handshake',
  handshake: 'it has not let us log in',
  auth: 'the login was not completed',
}

/** Connects as soon as the guest allows; a guest that never does is E_BOOT_TIMEOUT with the stage. */
async function connectInTime(
  project: Project,
  { config, provider, state }: LoginInputs,
  deadline: number,
  options: { boxKeyFiles?: readonly string[] },
): Promise<SshSession> {
  let reached: SshStage = 'none'
  const onStage = (stage: SshStage) => {
    reached = stage
  }
  const timeout = Math.max(deadline - Date.now(), 5000)
  // An SSH server may be there before cloud-init has made the user.
  const patience = isUnsettled(state) ? { authPatience: timeout } : {}
  const target = sshTarget(provider, state, project.paths.machine(config.name))
  try {
    const consoleFrom = state.start?.consoleFrom ?? 0
    const watched = { provider, spec: state.spec, timeout, consoleFrom, signal: project.signal }
    return await raceCrash(watched, (signal) =>
      waitForSsh(target, { ...options, ...patience, timeout, onStage, signal }),
    )
  } catch (error) {
    const isRefused = state.cloudInit !== undefined && isPosadaError(error, 'E_SSH_AUTH')
    if (!isRefused && !isPosadaError(error, 'E_SSH_CONNECT')) throw error
    if (isRefused) reached = 'handshake'
    throw await bootTimeout(state.spec, config.bootTimeout, STAGES[reached], error)
  }
}
