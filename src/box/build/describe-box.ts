import { join } from 'node:path'
import { exists } from '../../lib/files/folders.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { inspectDisk } from '../formats/inspect-disk.ts'
import type { BoxManifest } from '../model.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { describeFile } from '../store/verify.ts'

/** box.json of what boxes/lib/image.sh made in `folder`. Hashes every file. */
export async function describeBox(
  folder: string,
  { recipe, arch, version }: { recipe: Recipe; arch: Arch; version: string },
): Promise<BoxManifest> {
  const disk = await describeFile(folder, 'root.qcow2')
  const image = join(folder, disk.file)
  const { virtualSize } = await inspectDisk(image, { format: 'qcow2', shown: image })
  const kernel = recipe.kernel === null ? null : await describeFile(folder, 'vmlinuz')
  const hasInitrd = await exists(join(folder, 'initrd'))
  return {
    format: 1,
    name: recipe.name,
    version,
    arch,
    description: recipe.description,
    disks: [{ ...disk, format: 'qcow2', virtualSize }],
    ...(recipe.kernel === null || kernel === null
      ? {}
      : {
          kernel: {
            kernel,
            ...(hasInitrd ? { initrd: await describeFile(folder, 'initrd') } : {}),
            cmdline: recipe.kernel.cmdline,
            // boxes/lib/initrd-init does both.
            ...(hasInitrd ? { takesKey: true, takesIdentity: true } : {}),
          },
        }),
    ...(recipe.firmware === null ? {} : { firmware: recipe.firmware }),
    login: { user: recipe.login.user, key: await describeFile(folder, 'login.key'), otherKeys: [] },
    announcesReady: recipe.announcesReady,
    agent: recipe.agent,
    minMemory: recipe.minMemory,
  }
}
