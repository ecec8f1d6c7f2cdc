import { readFile, rm } from 'node:fs/promises'
import { loginKeys, type StoredBox } from '../../box/index.ts'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { type Deadline, deadlineIn } from '../../lib/async/time-limit.ts'
import { exists } from '../../lib/files/folders.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import {
  ensureKeyPair,
  type KeyPair,
  loadSsh2,
  lostKeyHint,
  publicKeyOf,
  replaceKey,
  type SshSession,
} from '../../ssh/index.ts'
import { hostNameOf } from '../facts/host-name.ts'
import { madeFrom } from '../facts/made-from.ts'
import { inStep } from '../in-step.ts'
import type { BoxSupply, Declared, Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { awaitGuest, connectInTime, type Guest } from './reach-guest.ts'

/** Milliseconds between a connection that broke off and the next. */
const pause = 1000

export interface LoginInputs {
  config: Machine
  provider: Provider
  state: MachineState
}

/**
 * Waits for the guest of a machine that has been started and logs in; on the first login the
 * machine's own key takes the place of the box's and the guest gets its name, unless it took both from the
 * kernel's command line. Returns the open session and the state as written, with `readyAt`.
 */
export async function logIn(
  project: Declared & Places & Reporting & BoxSupply,
  inputs: LoginInputs,
): Promise<{ session: SshSession; state: MachineState }> {
  const { config, provider, state } = inputs
  const machine = config.name
  const box = await madeFrom(project, state)
  const deadline = deadlineIn(config.bootTimeout)
  const hostName = hostNameOf(config, project.manifest.name)
  // What the login needs is made ready while the guest boots.
  const own = await prepare(project, state)
  const guest = {
    provider,
    state,
    paths: project.paths.machine(machine),
    bootTimeout: config.bootTimeout,
  }
  const { imageKey } = guest.paths
  const isImage = await exists(imageKey)
  // One that has just become a machine of its own has its SSH server again.
  if (!isImage || state.copy !== undefined) await awaitGuest(project, guest, box)
  return inStep(project.emit, { machine, step: 'ssh', message: 'logging in' }, async () => {
    const session = await openFirst(project, guest, {
      own,
      deadline,
      hostName,
      ...oldKeys(box, isImage ? imageKey : null),
    })
    const at = new Date().toISOString()
    try {
      const ready = await record(project.paths.machine(machine), (now) => ({
        ...now,
        login: { ...now.login, ownKey: true },
        start: { at, ...now.start, readyAt: at },
      }))
      if (isImage) await rm(imageKey, { force: true })
      return { session, state: ready }
    } catch (error) {
      await session.close()
      throw error
    }
  })
}

/** The machine's key pair, made for its first login. E_SSH_AUTH where the one that its guest knows is lost. */
async function prepare(project: Places, { spec, login }: MachineState): Promise<KeyPair> {
  const paths = project.paths.machine(spec.name)
  if (login.ownKey && !(await exists(paths.key)))
    throw new PosadaError('E_SSH_AUTH', `the private key of machine ${spec.name} is gone`, {
      value: paths.key,
      machine: spec.name,
      hint: lostKeyHint,
    })
  const [own] = await Promise.all([ensureKeyPair(paths, `posada ${spec.name}`), loadSsh2()])
  return own
}

interface FirstLogin {
  own: KeyPair
  /** Files of the keys that let in until the machine's own does. */
  oldKeys: string[]
  /** Whether the guest may have taken the machine's own from its kernel's command line. */
  takesKey: boolean
  deadline: Deadline
  hostName: string
}

/** A warm image has a key of its own. One that did not become a machine of its own has booted. */
function oldKeys(
  { dir, manifest }: StoredBox,
  imageKey: string | null,
): Pick<FirstLogin, 'oldKeys' | 'takesKey'> {
  const ofBox = loginKeys(manifest).map(({ file }) => `${dir}/${file}`)
  return imageKey === null
    ? { oldKeys: ofBox, takesKey: manifest.kernel?.takesKey === true }
    : { oldKeys: [imageKey, ...ofBox], takesKey: false }
}

/** A guest that restarts meanwhile is logged in to again: what its first login does can be done twice. */
async function openFirst(project: Reporting, guest: Guest, first: FirstLogin): Promise<SshSession> {
  for (;;) {
    try {
      return await openOnce(project, guest, first)
    } catch (error) {
      if (!isPosadaError(error, 'E_SSH_LOST') || first.deadline.isOver()) throw error
      const message = 'the connection broke off: the guest may be restarting; waiting for it'
      project.emit({ type: 'notice', level: 'info', machine: guest.state.spec.name, message })
      await sleep(pause, project.signal)
    }
  }
}

async function openOnce(
  project: Reporting,
  guest: Guest,
  { own, oldKeys, takesKey: ownKeyFirst, deadline, hostName }: FirstLogin,
): Promise<SshSession> {
  const { signal } = project
  const { state, paths } = guest
  const session = await connectInTime(project, guest, {
    deadline,
    ...(state.login.ownKey ? {} : { boxKeyFiles: oldKeys, ownKeyFirst }),
  })
  try {
    const isTaken = ownKeyFirst && session.keyFile === paths.key
    if (!state.login.ownKey && !isTaken) {
      const oldPublicKeys = await Promise.all(
        oldKeys.map(async (path) => publicKeyOf(await readFile(path, 'utf8'), path)),
      )
      await replaceKey(session, {
        newPublicKey: own.publicKey,
        oldPublicKeys,
        hostname: hostName,
        signal,
      })
    }
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}
