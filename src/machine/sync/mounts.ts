import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { Machine, MountedFolder } from '../../manifest/index.ts'
import type { MachineSpec, ShareSpec } from '../../provider/index.ts'
import type { Places } from '../project.ts'
import { sourceOf } from './sources.ts'

/** The id of the first user of a system, whom boxes and cloud images log in. */
const firstUser = 1000

/** What tells a folder from any other that a machine was given: by these words its guest mounts it. Pure. */
export function shareTag({ from, to, readOnly }: MountedFolder): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([from, to, readOnly]))
    .digest('hex')
  return `posada-${digest.slice(0, 16)}`
}

/** Whether a machine was started with a folder. Pure. */
export function hasShare({ shares = [] }: Pick<MachineSpec, 'shares'>, folder: MountedFolder): boolean {
  return shares.some(({ tag }) => tag === shareTag(folder))
}

/** What a provider is given for the folders that a machine mounts. E_SYNC_SOURCE. */
export async function sharesOf(places: Places, { mounts }: Machine, user: string): Promise<ShareSpec[]> {
  const own = mounts.length === 0 ? [] : await ownFolders(places)
  return Promise.all(
    mounts.map(async (folder) => {
      const path = await sourceOf(folder)
      const within = own.find((one) => one === path || path.startsWith(`${one}/`))
      if (within !== undefined) throw ownFiles(folder, within)
      return {
        tag: shareTag(folder),
        path,
        readOnly: folder.readOnly,
        hidden: own.filter((one) => one.startsWith(`${path}/`)),
        owner: user === 'root' ? 0 : firstUser,
      }
    }),
  )
}

/** Where Posada keeps keys, disks and what it starts machines by. A guest that could write there would be this user. */
async function ownFolders({ paths, user }: Places): Promise<string[]> {
  const all = [paths.dir, dirname(user.boxes), dirname(user.projects), user.cache, ...user.runtimes]
  const found = await Promise.all(
    all.map((path) =>
      realpath(path).catch((error: unknown) => {
        if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
        throw error
      }),
    ),
  )
  return [...new Set(found.flat())]
}

function ownFiles({ from, place }: MountedFolder, within: string): PosadaError {
  return new PosadaError('E_SYNC_SOURCE', `the folder ${from} lies in ${within}, which is Posada's own`, {
    value: from,
    place,
    hint: 'name another folder',
  })
}
