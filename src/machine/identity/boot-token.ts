import type { StoredBox } from '../../box/index.ts'
import type { MachineCopy } from '../../project/index.ts'
import type { MachineSpec } from '../../provider/index.ts'

/** Whether a guest of this box that boots can be made another machine: by its initrd, or by cloud-init. Pure. */
export function takesIdentity({ manifest }: StoredBox): boolean {
  return manifest.kernel?.takesIdentity === true || manifest.seed !== undefined
}

/** With the word by which the initrd of a copy sees at its first boot that it is one: docs/boxes.md. Pure. */
export function withToken(
  boot: MachineSpec['boot'],
  { manifest }: Pick<StoredBox, 'manifest'>,
  { token }: Pick<MachineCopy, 'token'>,
): MachineSpec['boot'] {
  if (boot.kind !== 'kernel' || manifest.kernel?.takesIdentity !== true) return boot
  return { ...boot, cmdline: `${boot.cmdline} posada.identity=${token}` }
}
