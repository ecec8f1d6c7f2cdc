import type { StoredBox } from '../../box/index.ts'
import { checksumText } from '../../box/source/checksum.ts'
import { withLock } from '../../project/lock.ts'
import { type LockedBox, readLockfile, writeLockfile } from '../../project/lockfile.ts'
import type { Project } from '../project.ts'
import type { WantedBox } from './find-box.ts'

/** Writes into posada.lock what a box came to. Others may write at the same time. */
export async function lockBox(
  project: Project,
  { key, arch }: Pick<WantedBox, 'key' | 'arch'>,
  box: StoredBox,
): Promise<LockedBox> {
  const entry = await entryOf(project, box)
  const { lock, lockfile } = project.paths
  const { command, lockWait: wait, signal } = project
  await withLock(lock, { command, wait, signal }, async () => {
    const boxes = await readLockfile(lockfile)
    const archs = boxes.get(key) ?? new Map<string, LockedBox>()
    if (JSON.stringify(archs.get(arch)) === JSON.stringify(entry)) return
    boxes.set(key, archs.set(arch, entry))
    await writeLockfile(lockfile, boxes)
  })
  return entry
}

async function entryOf(project: Project, box: StoredBox): Promise<LockedBox> {
  const { name, version } = box.manifest
  const ref = await project.boxes.refOf(box)
  const checksum = ref?.origin?.checksum ?? null
  return {
    name,
    version,
    digest: box.digest,
    ...(ref === null || ref.inputs === null ? {} : { recipe: ref.inputs }),
    ...(ref?.origin == null ? {} : { url: ref.origin.url }),
    ...(checksum === null ? {} : { checksum: checksumText(checksum) }),
  }
}
