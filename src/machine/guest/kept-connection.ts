import { basename, dirname } from 'node:path'
import { isPosadaError } from '../../errors/index.ts'
import { KeptSession, launchKeeper } from '../../keeper/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { ensureRuntimeDir, isOwnRuntimeDir, keeperSocket } from '../../project/index.ts'
import { connect, type GuestShells } from '../../ssh/index.ts'
import type { Places, Reporting } from '../project.ts'
import type { Reachable } from './session.ts'

/**
 * Does `work` over the connection to a running machine that a process keeps for such as this; over one of its own where
 * there is none, and then has one kept for the next.
 */
export async function withKept<T>(
  project: Places & Reporting,
  { name, target, state }: Reachable,
  work: (session: GuestShells) => Promise<T>,
): Promise<T> {
  const { signal, paths } = project
  const { runtimeDir } = state.spec.files
  const { keeperLock: lock, keeperLog } = paths.machine(name)
  const socket = keeperSocket(runtimeDir)
  const session = new KeptSession({
    target,
    socket: (await isOwnRuntimeDir(runtimeDir)) ? socket : null,
    connect: (unlessAborted) => connect(target, unlessAborted === undefined ? {} : { signal: unlessAborted }),
    signal,
  })
  let result: T
  try {
    result = await work(session)
  } finally {
    await session.close()
  }
  if (session.isOwn) await keep(runtimeDir, () => launchKeeper({ target, socket, lock }, keeperLog))
  return result
}

/** The work is done, and stays so where the next will not be faster. */
async function keep(runtimeDir: string, launch: () => Promise<void>): Promise<void> {
  try {
    await ensureRuntimeDir(dirname(runtimeDir), basename(runtimeDir))
    await launch()
  } catch (error) {
    if (
      !isPosadaError(error) &&
      !isErrno(error, 'ENOENT', 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EAGAIN', 'EMFILE', 'ENOMEM')
    )
      throw error
  }
}
