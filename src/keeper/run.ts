import { once } from 'node:events'
import { rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { isPosadaError, PosadaError } from '../errors/index.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { isErrno } from '../lib/files/errno.ts'
import { type Channel, connect, type SshSession } from '../ssh/index.ts'
import type { KeeperConfig } from './config.ts'
import { credentialOf } from './credential.ts'
import { serveChannel } from './serve-channel.ts'
import { loginFilesNow, Shells } from './shells.ts'
import { plainStartFiles } from './start-files.ts'

/** Milliseconds: without a command, unless told otherwise; between two looks at whether to go on; for clients to hear the end. */
const times = { idle: 600_000, look: 2000, farewell: 2000 }
/** Logins until two had the same groups, environment and limits. */
const tries = 3

/**
 * Keeps one connection to a guest and gives out shells over it, each to a client of its socket, until the connection
 * ends, no one has used it for a while, its socket is gone, a login would now be another one, or `signal` is aborted.
 */
export async function runKeeper(config: KeeperConfig, signal: AbortSignal): Promise<string> {
  const credential = await credentialOf(config.target)
  if (credential === null) return 'there is no key, or no host key'
  const { session, loginFiles } = await connectSettled(config, signal)
  try {
    const shells = new Shells(session, { loginFiles, startFiles: await plainStartFiles(session) })
    return await serve(config, { credential, session, shells, signal })
  } finally {
    await session.close()
  }
}

interface Kept {
  credential: string
  session: SshSession
  shells: Shells
  signal: AbortSignal
}

async function serve({ socket: path, idle = times.idle }: KeeperConfig, kept: Kept): Promise<string> {
  const { credential, session, shells, signal } = kept
  const server = createServer()
  await rm(path, { force: true })
  server.listen(path)
  await once(server, 'listening')
  // Nothing is waited for before clients are listened to.
  const inode = inodeOf(path)
  shells.makeSpare()
  return new Promise<string>((resolve) => {
    let ending: string | null = null
    let clients = 0
    let unused = deadlineIn(idle)
    const end = (why: string) => {
      ending ??= why
      server.close()
      if (clients === 0) resolve(ending)
    }
    const open = async (given: string) => {
      if (given !== credential) end('another login is asked for')
      if (ending !== null) return null
      const shell = await openUnlessLost(shells)
      if (shell === 'changed') end('a login would have other groups or another environment now')
      return shell === 'changed' ? null : shell
    }
    server.on('connection', (client) => {
      clients++
      client.once('close', () => {
        clients--
        unused = deadlineIn(idle)
        if (ending !== null) end(ending)
      })
      serveChannel(client, open)
    })
    setInterval(async () => {
      if (clients === 0 && unused.isOver()) end('no one has used it')
      if ((await inodeOf(path)) !== (await inode)) end('its socket is gone')
    }, times.look).unref()
    session.closed.then(() => {
      end('the connection has ended')
      setTimeout(resolve, times.farewell, ending ?? '')
    })
    signal.addEventListener('abort', () => resolve('it was told to end'), { once: true })
  })
}

/** Null: the connection has ended, or the guest allows only so many commands at once. Its client takes a way of its own. */
async function openUnlessLost(shells: Shells): Promise<Channel | 'changed' | null> {
  try {
    return await shells.open()
  } catch (error) {
    if (isPosadaError(error, 'E_SSH_LOST')) return null
    throw error
  }
}

async function inodeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return null
    throw error
  }
}

/** A connection whose login is known to have come after the files were as they still are: between two looks at them. */
async function connectSettled(
  { target }: KeeperConfig,
  signal: AbortSignal,
): Promise<{ session: SshSession; loginFiles: string }> {
  let session = await connect(target, { signal })
  let before = await loginFilesNow(session)
  for (let more = tries; more > 0; more--) {
    const next = await connect(target, { signal })
    await session.close()
    session = next
    const loginFiles = await loginFilesNow(session)
    if (loginFiles === before && loginFiles !== null) return { session, loginFiles }
    before = loginFiles
  }
  await session.close()
  throw new PosadaError(
    'E_SSH_LOST',
    'the guest does not say what a login depends on, or changes it all the time',
  )
}
