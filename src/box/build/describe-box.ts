import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../lib/folders.ts'
import type { BoxArch, BoxFile, BoxManifest } from '../model.ts'
import { sha256OfFile } from '../store/verify.ts'
import type { Recipe } from './recipe.ts'

/** box.json of what boxes/lib/image.sh made in `folder`. Hashes every file. */
export async function describeBox(
  folder: string,
  { recipe, arch, version }: { recipe: Recipe; arch: BoxArch; version: string },
): Promise<BoxManifest> {
  const disk = await describe(folder, 'root.qcow2')
  const kernel = recipe.kernel === null ? null : await describe(folder, 'vmlinuz')
  const hasInitrd = await exists(join(folder, 'initrd'))
  return {
    format: 1,
    name: recipe.name,
    version,
    arch,
    description: recipe.description,
    disks: [{ ...disk, format: 'qcow2', virtualSize: await qcow2Size(join(folder, disk.file)) }],
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
    login: { user: recipe.login.user, key: await describe(folder, 'login.key') },
    announcesReady: recipe.announcesReady,
    agent: recipe.agent,
    minMemory: recipe.minMemory,
  }
}

async function describe(folder: string, file: string): Promise<BoxFile> {
  const path = join(folder, file)
  return { file, size: (await stat(path)).size, sha256: await sha256OfFile(path) }
}

/** Bytes that the guest sees: a big-endian u64 at byte 24. Source: QEMU docs/interop/qcow2.txt, Header. */
async function qcow2Size(path: string): Promise<number> {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read({ buffer: Buffer.alloc(32), position: 0 })
    if (buffer.toString('latin1', 0, 4) !== 'QFI\xfb') throw new Error(`${path} is not a qcow2 image`)
    return Number(buffer.readBigUInt64BE(24))
  } finally {
    await file.close()
  }
}
