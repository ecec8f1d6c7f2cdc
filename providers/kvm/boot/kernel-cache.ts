import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isPosadaError } from '../../../src/errors/index.ts'
import { writeFileAtomic } from '../../../src/lib/files/write-file.ts'
import { isElf, readPvhKernel } from './elf.ts'
import { type ImageFile, openImage } from './kernel-file.ts'
import { trimKernel } from './trim-kernel.ts'
import { unpackKernel } from './unpack-kernel.ts'

/**
 * Unpacks a bzImage once, so that machines start it by PVH and need not unpack it each time. Does nothing for a
 * file that is unpacked already, cannot be unpacked here, or is not a kernel: starting it reports that.
 */
export async function cacheKernel(kernel: string, cacheDir: string): Promise<void> {
  try {
    const path = cachePath(kernel, cacheDir)
    if (existsSync(path)) return
    const unpacked = withImage(kernel, (file) => (isElf(file.read(0, 4)) ? null : unpackKernel(file)))
    if (unpacked === null) return
    await writeFileAtomic(path, trimKernel(unpacked))
    // Without the note it could not be started; an empty file says so.
    if (!hasPvhEntry(path)) await writeFileAtomic(path, '')
  } catch (error) {
    if (!isPosadaError(error, 'E_KERNEL_INVALID')) throw error
  }
}

/** The unpacked kernel where there is one, otherwise the kernel itself. */
export function cachedKernel(kernel: string, cacheDir: string): string {
  if (!existsSync(kernel)) return kernel
  const path = cachePath(kernel, cacheDir)
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return size > 0 ? path : kernel
}

/** Another file under the same name has another place in the cache. @throws PosadaError E_KERNEL_INVALID */
function cachePath(kernel: string, cacheDir: string): string {
  const { dev, ino, size, mtimeNs } = withImage(kernel, ({ path }) => statSync(path, { bigint: true }))
  return join(cacheDir, 'kernels', `${[dev, ino, size, mtimeNs].join('-')}.elf`)
}

function hasPvhEntry(path: string): boolean {
  try {
    withImage(path, readPvhKernel)
    return true
  } catch (error) {
    if (isPosadaError(error, 'E_KERNEL_INVALID')) return false
    throw error
  }
}

function withImage<T>(path: string, use: (file: ImageFile) => T): T {
  const file = openImage(path)
  try {
    return use(file)
  } finally {
    file.close()
  }
}
