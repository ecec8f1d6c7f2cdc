import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../lib/files/folders.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { inspectDisk } from '../formats/inspect-disk.ts'
import type { BoxFile, BoxManifest } from '../model.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { sha256OfFile } from '../store/verify.ts'

/** box.json of what boxes/lib/image.sh made in `folder`. Hashes every file. */
export async function describeBox(
  folder: string,
  { recipe, arch, version }: { recipe: Recipe; arch: Arch; version: string },
): Promise<BoxManifest> {
  const disk = await describe(folder, 'root.qcow2')
  const image = join(folder, disk.file)
  const { virtualSize } = await inspectDisk(image, { format: 'qcow2', shown: image })
  const kernel = recipe.kernel === null ? null : await describe(folder, 'vmlinuz')
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
            ...(hasInitrd ? { initrd: await describe(folder, 'initrd') } : {}),
            cmdline: recipe.kernel.cmdline,
          },
        }),
    ...(recipe.firmware === null ? {} : { firmware: recipe.firmware }),
    login: { user: recipe.login.user, key: await describe(folder, 'login.key'), otherKeys: [] },
    announcesReady: recipe.announcesReady,
    agent: recipe.agent,
    minMemory: recipe.minMemory,
  }
}

async function describe(folder: string, file: string): Promise<BoxFile> {
  const path = join(folder, file)
  return { file, size: (await stat(path)).size, sha256: await sha256OfFile(path) }
}
