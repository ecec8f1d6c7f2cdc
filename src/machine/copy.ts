import { resolve } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { type AnyPath, onPath } from '../lib/files/byte-path.ts'
import { type CopyResult, download, upload } from '../ssh/index.ts'
import { withKept } from './guest/kept-connection.ts'
import { findReachable } from './guest/session.ts'
import type { Project } from './project.ts'

export interface CopyVerbOptions {
  /** A path of the host, or `machine:path`; exactly one of the two leads into a machine. */
  from: AnyPath
  to: AnyPath
  /** The folder that relative paths of the host begin in. */
  cwd: string
}

/** Copies a file or a folder between the host and a running machine. */
export async function copy(project: Project, options: CopyVerbOptions): Promise<CopyResult> {
  const names = project.manifest.machines.map((machine) => machine.name)
  const from = parseLocation(options.from, names)
  const to = parseLocation(options.to, names)
  if ((from.machine === null) === (to.machine === null)) throw wrongPair(options, from.machine !== null)
  const reachable = await findReachable(project, from.machine ?? to.machine ?? undefined)
  const { emit, signal } = project
  const machine = reachable.name
  const onProgress = (done: number, total?: number) => {
    const rest = total === undefined ? {} : { total }
    emit({ type: 'progress', step: 'copy', message: 'copying', machine, done, unit: 'bytes', ...rest })
  }
  return withKept(project, reachable, (session) =>
    from.machine === null
      ? upload(session, { from: inFolder(options.cwd, from.path), to: to.path, signal, onProgress })
      : download(session, { from: from.path, to: hostPath(options.cwd, to.path), signal, onProgress }),
  )
}

export interface Location {
  /** Null: the host. */
  machine: string | null
  path: AnyPath
}

/**
 * Reads `machine:path`. What stands before the first colon is a machine when it looks like a
 * machine's name; a file of the host with such a name is written `./web:1`. Pure.
 */
export function parseLocation(text: AnyPath, machines: readonly string[]): Location {
  if (typeof text !== 'string') {
    const { machine, path } = parseLocation(text.toString('latin1'), machines)
    return { machine, path: Buffer.from(path as string, 'latin1') }
  }
  const [, machine, path] = /^([a-z][a-z0-9-]{0,62}):(.*)$/s.exec(text) ?? []
  if (machine === undefined || path === undefined) return { machine: null, path: text }
  if (!machines.includes(machine)) {
    throw new PosadaError('E_MACHINE_UNKNOWN', `the project has no machine named ${machine}`, {
      value: text,
      hint: `it has: ${machines.join(', ')}; for a file of this name write ./${text}`,
    })
  }
  return { machine, path: path === '' ? '.' : path }
}

/** Absolute; a slash at the end, which says that a folder is meant, stays. */
function hostPath(cwd: string, path: AnyPath): AnyPath {
  const slash = path.toString().endsWith('/') ? '/' : ''
  return onPath(inFolder(cwd, path), (text) => text + slash)
}

function inFolder(cwd: string, path: AnyPath): AnyPath {
  if (typeof path === 'string') return resolve(cwd, path)
  return onPath(path, (text) => resolve(Buffer.from(cwd).toString('latin1'), text))
}

function wrongPair({ from, to }: CopyVerbOptions, both: boolean): PosadaError {
  const why = both ? 'both paths lead into machines' : 'neither path leads into a machine'
  return new PosadaError('E_USAGE', `${why}: ${from} ${to}`, {
    hint: both ? 'copy to the host first, then into the other machine' : 'write one of them as MACHINE:PATH',
  })
}
