import { rm } from 'node:fs/promises'
import type { StoredBox } from '../../box/index.ts'
import type { MachinePaths, MachineState } from '../../project/index.ts'
import type { MachineSpec } from '../../provider/index.ts'
import { ensurePrivateKey, publicKeyOf } from '../../ssh/index.ts'

interface BootKeyInputs extends Pick<MachineState, 'login'> {
  box: StoredBox
  paths: MachinePaths
  isNew: boolean
}

/**
 * How the machine boots: until it was first logged in to with its own public key on the kernel's command line, where
 * its box takes the key from there. The private half is then on the disk. One that a creation which was cut short has
 * left is replaced where the machine `isNew`.
 */
export async function withBootKey(
  { name, boot }: MachineSpec,
  { box, paths, login, isNew }: BootKeyInputs,
): Promise<MachineSpec['boot']> {
  if (isNew) for (const path of [paths.key, paths.publicKey]) await rm(path, { force: true })
  if (login.ownKey || boot.kind !== 'kernel' || box.manifest.kernel?.takesKey !== true) return boot
  const publicKey = publicKeyOf(await ensurePrivateKey(paths.key, `posada ${name}`), paths.key)
  const [type, blob] = publicKey.split(' ')
  // Of another type is only one that was put there by hand: the first login installs it.
  return type === 'ssh-ed25519' ? { ...boot, cmdline: `${boot.cmdline} posada.key=${blob},${name}` } : boot
}
