import { PosadaError } from '../errors/index.ts'
import { plainLine, tailLines } from './observed/console.ts'
import { followFile, sizeOf } from './observed/follow-file.ts'
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
const longestLine = 64 * 1024

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

/** The lines that are written from now on. */
async function follow(
  path: string,
  { from, onLine, signal }: { from: number; onLine: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  let rest = ''
  const decoder = new TextDecoder()
  const onBytes = (bytes: Buffer) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = (lines.pop() ?? '').slice(-longestLine)
    for (const line of lines) onLine(plainLine(line))
  }
  await followFile(path, { from, every: poll, onBytes, signal })
}
