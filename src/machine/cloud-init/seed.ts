import type { StoredBox } from '../../box/index.ts'
import { seedImage } from '../../cloud-init/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { writeFileAtomic } from '../../lib/files/write-file.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachinePaths, MachineState } from '../../project/index.ts'
import type { MachineSpec } from '../../provider/index.ts'
import { ensureKeyPair } from '../../ssh/index.ts'
import { shownBox } from '../facts/shown-box.ts'
import { digestOf, userDataOf } from './user-data.ts'

/** A seed that is still to be written. */
export interface PlannedSeed {
  /** The user that it lets in. */
  user: string
  userData: string | null
  /** What the machine's state remembers it by. */
  digest: string | null
}

/**
 * The seed of a machine whose box wants one, whose guest is logged in to, and that has none yet; else null. Refuses
 * user-data that will not do (E_USER_DATA), and any for a box whose guest would not read it.
 */
export async function planSeed(
  config: Machine,
  { box, paths, previous }: { box: StoredBox; paths: MachinePaths; previous: MachineState | null },
): Promise<PlannedSeed | null> {
  if (box.manifest.seed === undefined || config.guest === 'other') {
    if (config.cloudInit !== null && previous === null) throw unheard(config)
    return null
  }
  if (previous?.createdAt !== undefined && (await exists(paths.seed))) return null
  const userData = await userDataOf(config)
  const user = previous?.login.user ?? userData?.user ?? box.manifest.login.user
  return { user, userData: userData?.text ?? null, digest: digestOf(userData) }
}

/** Writes the machine's seed with its own key in it. It may hold secrets of the user's: mode 0600. */
export async function writeSeed(
  { user, userData }: PlannedSeed,
  { spec, paths, hostName }: { spec: MachineSpec; paths: MachinePaths; hostName: string },
): Promise<void> {
  const { publicKey } = await ensureKeyPair(paths, `posada ${spec.name}`)
  const { uuid: instanceId, nics } = spec
  const image = seedImage({ instanceId, hostname: hostName, user, publicKey, nics, userData }, new Date())
  await writeFileAtomic(paths.seed, image, { mode: 0o600 })
}

function unheard(config: Machine): PosadaError {
  return new PosadaError('E_VALUE_INVALID', `box ${shownBox(config)} does not read cloud_init`, {
    value: shownBox(config),
    place: config.place('cloud_init'),
    machine: config.name,
    hint: 'it is for cloud images; provision: works with every box',
  })
}
