import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { isErrno } from '../../../src/lib/files/errno.ts'
import { readTextIfThere } from '../../../src/lib/files/write-file.ts'
import { hostBootId } from '../../../src/lib/process/boot-id.ts'

/** Counted up when probes are made otherwise, so that older findings are not believed. */
const probe = 1

/**
 * A digest of all that the findings on a program depend on: the program, /dev/kvm and whether this
 * user may open it, the processor and what it can do, the kernel, and the start of the host, for
 * virtualisation is switched in its firmware and a virtual host may have moved.
 */
export async function fingerprint(program: string): Promise<string> {
  const facts = [
    probe,
    await file(program),
    await file('/dev/kvm'),
    [process.getuid?.(), ...(process.getgroups?.() ?? [])],
    cpus()[0]?.model,
    /^flags\s*:.*$/m.exec((await readTextIfThere('/proc/cpuinfo')) ?? '')?.[0],
    release(),
    await hostBootId(),
  ]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

async function file(path: string): Promise<unknown> {
  try {
    const { dev, ino, rdev, mode, uid, gid, size, mtimeMs } = await stat(path)
    // Opening a device changes its times on some systems.
    return [path, dev, ino, rdev, mode, uid, gid, rdev === 0 ? [size, mtimeMs] : []]
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return [path]
    throw error
  }
}
