import { readFile, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { isErrno } from '../../lib/files/errno.ts'
import { buildPath } from './requirements.ts'

/**
 * Takes away mmdebstrap's temporary folder, which may be gone already. After a build that was killed in a user namespace
 * it holds files of that namespace's ids, which only the same namespace may remove; of root's, without namespaces, mounts.
 */
export async function removeBuildFolder(folder: string): Promise<void> {
  await unmountBelow(folder)
  try {
    await rm(folder, { recursive: true, force: true })
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM', 'ENOTEMPTY')) throw error
    await execa('mmdebstrap', ['--unshare-helper', 'find', folder, '-mindepth', '1', '-delete'], {
      env: { PATH: buildPath() },
      stdin: 'ignore',
    })
    await rm(folder, { recursive: true, force: true })
  }
}

/** Before anything is removed: a folder of the host may be mounted there. Only root's builds mount where others see it. */
async function unmountBelow(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const real = join(await realpath(dirname(folder)), basename(folder))
  const mounts = mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), real)
  if (mounts.length === 0) return
  await execa('umount', ['--lazy', '--', ...mounts], { env: { PATH: buildPath() }, stdin: 'ignore' })
}

/**
 * Pure: mount points at and below a folder, the innermost first. Source: proc_pid_mountinfo(5), field 5, in which blanks
 * and the like stand as three octal digits.
 */
function mountsBelow(mountinfo: string, folder: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .filter((mount) => `${mount}/`.startsWith(`${folder}/`))
    .reverse()
}
