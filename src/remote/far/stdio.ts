import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Duplex, type Readable, type Writable } from 'node:stream'
import { launchProcess, lockHolder } from '../../background/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { makeFolder } from '../../lib/files/make-folder.ts'
import { packageRoot } from '../../lib/files/package-root.ts'
import { rotateFile } from '../../lib/files/rotate-file.ts'
import { ensureRuntimeDir, type UserPaths } from '../../project/index.ts'
import { contractVersion } from '../../provider/index.ts'
import { writeMessage } from '../wire/lines.ts'

/** Bytes over which a start moves the log to `.1`; milliseconds until the process has to be ready. */
const limits = { log: 1024 * 1024, start: 60_000 }
/** What says where the files of that process are; nothing else of ours is its business. */
const forServer = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME']

/**
 * One connection from another host: says which Posada this is, and then joins the process's streams to the one that serves,
 * which it starts where none runs. Resolves when the connection has ended.
 */
export async function serveStdio(
  { user, version }: { user: UserPaths; version: string },
  { stdin, stdout }: { stdin: Readable; stdout: Writable },
): Promise<void> {
  const outer = Duplex.from({ readable: stdin, writable: stdout })
  outer.on('error', () => outer.destroy())
  writeMessage(outer, { posada: version, contract: contractVersion })
  const inner = connect(await findServer(user, version))
  await once(inner, 'connect')
  inner.on('error', () => inner.destroy())
  outer.pipe(inner).pipe(outer)
  await new Promise<void>((resolve) => {
    for (const end of [inner, outer]) end.once('close', () => resolve())
  })
  inner.destroy()
  outer.destroy()
}

/** The socket of the process that serves; each version has its own. */
async function findServer(user: UserPaths, version: string): Promise<string> {
  const folder = user.hosted
  await makeFolder(folder, { mode: 0o700 })
  const lock = join(folder, `serve-${version}.lock`)
  const id = createHash('sha256').update(folder).digest('hex').slice(0, 8)
  const socket = join(await ensureRuntimeDir(user.runtime, id), 'link')
  const found = await lockHolder(lock)
  if (found !== null) return found.control
  const log = join(folder, 'serve.log')
  await rotateFile(log, limits.log)
  await launchProcess({
    ...{
      file: join(packageRoot(), 'dist', 'serve.js'),
      arguments: [folder],
      config: { lock, socket },
      log,
      env: serverEnvironment(process.env),
    },
    ...{ what: 'the process that serves other hosts', code: 'E_HOST_FAILED', limit: limits.start },
  })
  const begun = await lockHolder(lock)
  if (begun === null)
    throw new PosadaError('E_HOST_FAILED', 'the process that serves other hosts has ended', {
      hint: `see ${log}`,
    })
  return begun.control
}

function serverEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(forServer.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
