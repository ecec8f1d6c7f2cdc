import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { endHolder, launchProcess, lockHolder } from '../../background/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { makeFolder } from '../../lib/files/make-folder.ts'
import { packageRoot } from '../../lib/files/package-root.ts'
import { rotateFile } from '../../lib/files/rotate-file.ts'
import type { ProcessIdentity } from '../../lib/process/process-identity.ts'
import { asObject } from '../../lib/values/as-object.ts'
import { ensureRuntimeDir, type UserPaths } from '../../project/index.ts'
import { formatHost, type HostAddress } from '../wire/address.ts'
import { readAnswer } from '../wire/failures.ts'
import { writeMessage } from '../wire/lines.ts'

/** Bytes over which a start moves the log to `.1`; milliseconds until the process has to be ready. */
const limits = { log: 1024 * 1024, start: 60_000 }
/** What of our environment ssh may need, the agent's socket above all. */
const forSsh = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TMPDIR', 'TERM'],
  ...['SSH_AUTH_SOCK', 'SSH_ASKPASS', 'DISPLAY', 'XDG_RUNTIME_DIR', 'POSADA_SSH'],
]

export interface LinkPlace {
  address: HostAddress
  user: UserPaths
  env: NodeJS.ProcessEnv
  version: string
}

/** The process that keeps the connection to a host. */
export interface Link {
  process: ProcessIdentity
  /** Asks it, or the host behind it, for something; see `runLink`. What it refuses rejects with its own error. */
  ask(request: object, signal?: AbortSignal): Promise<unknown>
  /** The same, and what follows the answer. */
  open(request: object, signal?: AbortSignal): Promise<{ result: unknown; stream: Socket }>
}

/** Finds it, or starts it. One of another version is ended: what goes over it is begun again by who needs it. */
export async function openLink(place: LinkPlace): Promise<Link> {
  const { address, user, version } = place
  const id = createHash('sha256').update(formatHost(address)).digest('hex').slice(0, 8)
  const folder = join(user.hosts, id)
  await makeFolder(folder, { mode: 0o700 })
  const socket = join(await ensureRuntimeDir(user.runtime, id), 'link')
  const lock = join(folder, 'lock')
  const env = sshEnvironment(place.env)
  const found = await greet(lock, env)
  if (found !== null && found.version === version) return linkAt(found.socket, found.process)
  if (found !== null) await endHolder(lock)
  const log = join(folder, 'link.log')
  await rotateFile(log, limits.log)
  await launchProcess({
    ...{ file: join(packageRoot(), 'dist', 'link.js'), arguments: [formatHost(address)], env, log },
    ...{ what: 'the process that keeps the connection', code: 'E_HOST_LOGIN', limit: limits.start },
    config: { address, version, env, lock, socket },
  })
  const begun = await greet(lock, env)
  if (begun !== null) return linkAt(begun.socket, begun.process)
  throw new PosadaError('E_HOST_LOGIN', 'the process that keeps the connection has ended', {
    hint: `see ${log}`,
  })
}

function sshEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(forSsh.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}

async function greet(
  lock: string,
  env: object,
): Promise<{ version: unknown; process: ProcessIdentity; socket: string } | null> {
  const holder = await lockHolder(lock)
  if (holder === null) return null
  const { control: socket, identity } = holder
  try {
    const { version } = asObject(await linkAt(socket, identity).ask({ do: 'hello', env }))
    return { version, process: identity, socket }
  } catch {
    // It is just ending, or does not answer: another takes its place.
    return { version: null, process: identity, socket }
  }
}

function linkAt(path: string, process: ProcessIdentity): Link {
  const open: Link['open'] = async (request, signal) => {
    signal?.throwIfAborted()
    const stream = connect({ path, allowHalfOpen: true })
    const stop = () => stream.destroy()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      await connected(stream)
      stream.on('error', stop)
      writeMessage(stream, request)
      return { result: await readAnswer(stream), stream }
    } catch (error) {
      stop()
      throw signal?.aborted === true ? signal.reason : error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }
  const ask: Link['ask'] = async (request, signal) => {
    const { result, stream } = await open(request, signal)
    stream.destroy()
    return result
  }
  return { process, open, ask }
}

async function connected(stream: Socket): Promise<void> {
  try {
    await once(stream, 'connect')
  } catch (cause) {
    if (!isErrno(cause, 'ECONNREFUSED', 'ENOENT')) throw cause
    const message = 'the process that keeps the connection has ended'
    throw new PosadaError('E_HOST_LOST', message, { cause, hint: 'run the command again: it starts another' })
  }
}
