import { readFile } from 'node:fs/promises'
import { loginKeys, type StoredBox } from '../../box/index.ts'
import { type Deadline, deadlineIn } from '../../lib/async/time-limit.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import {
  ensureKeyPair,
  type KeyPair,
  loadSsh2,
  publicKeyOf,
  replaceKey,
  type SshSession,
} from '../../ssh/index.ts'
import { hostNameOf } from '../facts/host-name.ts'
import type { BoxSupply, Declared, Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { inStep } from '../work.ts'
import { awaitGuest, connectInTime, type Guest } from './reach-guest.ts'

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
  project: Declared & Places & Reporting & BoxSupply,
  inputs: LoginInputs,
): Promise<{ session: SshSession; state: MachineState }> {
  const { config, provider, state } = inputs
  const machine = config.name
  const box = await project.boxes.byDigest(state.box)
  const deadline = deadlineIn(config.bootTimeout)
  const hostName = hostNameOf(config, project.manifest.name)
  // What the login needs is made ready while the guest boots.
  const own = await prepare(project, machine)
  const guest = {
    provider,
    state,
    paths: project.paths.machine(machine),
    bootTimeout: config.bootTimeout,
  }
  await awaitGuest(project, guest, box)
  return inStep(project.emit, { machine, step: 'ssh', message: 'logging in' }, async () => {
    const session = await openFirst(project, guest, { own, box, deadline, hostName })
    const at = new Date().toISOString()
    try {
      const ready = await record(project.paths.machine(machine), (now) => ({
        ...now,
        login: { ...now.login, ownKey: true },
        start: { at, ...now.start, readyAt: at },
      }))
      return { session, state: ready }
    } catch (error) {
      await session.close()
      throw error
    }
  })
}

async function prepare(project: Places, machine: string): Promise<KeyPair> {
  const { key, publicKey } = project.paths.machine(machine)
  const [own] = await Promise.all([ensureKeyPair({ key, publicKey }, `posada ${machine}`), loadSsh2()])
  return own
}

async function openFirst(
  project: Reporting,
  guest: Guest,
  { own, box, deadline, hostName }: { own: KeyPair; box: StoredBox; deadline: Deadline; hostName: string },
): Promise<SshSession> {
  const { signal } = project
  const { state } = guest
  const boxKeys = loginKeys(box.manifest).map(({ file }) => `${box.dir}/${file}`)
  const session = await connectInTime(project, guest, {
    deadline,
    ...(state.login.ownKey ? {} : { boxKeyFiles: boxKeys }),
  })
  try {
    if (!state.login.ownKey) {
      const oldPublicKeys = await Promise.all(
        boxKeys.map(async (path) => publicKeyOf(await readFile(path, 'utf8'), path)),
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
