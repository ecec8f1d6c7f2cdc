import { type FileHandle, open } from 'node:fs/promises'
import { PosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { isErrno } from '../lib/files/errno.ts'
import { plainLine, tailLines } from './observed/console.ts'
import type { Declared, Places, Project } from './project.ts'
import { selectWithOrphans, theOnly } from './select.ts'

export interface LogsOptions {
  machine: string | undefined
  /** `console`: what the guest wrote to its serial console; `provider`: what its hypervisor's process wrote. */
  source: 'console' | 'provider'
  /** How many of the last lines come first. */
  lines: number
  /** Whether to show what is written from now on, until the signal. */
  follow: boolean
  /** Takes each line, without control characters. */
  onLine: (line: string) => void
}

const poll = 200
const chunk = 64 * 1024

/** Shows a machine's log. Its lines are the guest's words: they come without control characters. */
export async function logs(project: Project, options: LogsOptions): Promise<void> {
  const name = await pick(project, options.machine)
  const paths = project.paths.machine(name)
  const path = options.source === 'console' ? paths.consoleLog : paths.providerLog
  const size = await sizeOf(path)
  if (size === null && !options.follow) {
    throw new PosadaError('E_NOT_CREATED', `machine ${name} has no ${options.source} log yet`, {
      value: path,
      machine: name,
      hint: `posada up ${name} starts it`,
    })
  }
  const end = size ?? 0
  for (const line of await tailLines(path, options.lines, end)) options.onLine(line)
  if (options.follow) await follow(path, { from: end, onLine: options.onLine, signal: project.signal })
}

async function pick(project: Declared & Places, name: string | undefined): Promise<string> {
  const names = name === undefined ? [] : [name]
  return theOnly(await selectWithOrphans(project.manifest, project.paths, names), name).name
}

/** Reads on from `from`; a file that was replaced or cut is read from its beginning. */
async function follow(
  path: string,
  { from, onLine, signal }: { from: number; onLine: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  let offset = from
  let rest = ''
  let inode: number | undefined
  const decoder = new TextDecoder()
  for (;;) {
    const file = await openIfThere(path)
    if (file !== null) {
      try {
        const found = await file.stat()
        if (found.size < offset || (inode !== undefined && inode !== found.ino)) offset = 0
        inode = found.ino
        for (;;) {
          const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(chunk), position: offset })
          if (bytesRead === 0) break
          offset += bytesRead
          const lines = (rest + decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split('\n')
          rest = (lines.pop() ?? '').slice(-chunk)
          for (const line of lines) onLine(plainLine(line))
        }
      } finally {
        await file.close()
      }
    }
    await sleep(poll, signal)
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

async function sizeOf(path: string): Promise<number | null> {
  const file = await openIfThere(path)
  if (file === null) return null
  try {
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}
