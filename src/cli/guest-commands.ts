import { PosadaError } from '../errors/index.ts'
import { execEach, type Project } from '../machine/index.ts'
import { Collector } from './collector.ts'
import type { GuestCommandOptions, GuestCommandResult } from './guest-command.ts'
import { PrefixedLines } from './prefixed-lines.ts'

/** What `exec` prints with `--json` where several machines were meant. */
export interface GuestCommandsResult {
  /** That of the first machine in which it was not 0. */
  exitCode: number
  machines: (GuestCommandResult & { name: string })[]
}

/**
 * Runs a command in several machines at once; each line of output stands behind the machine's name.
 * The exit code of this process becomes the first one that is not 0, in the order of the machines.
 */
export async function runInGuests(
  project: Project,
  machines: readonly string[],
  { command, json, tty, agent = false }: GuestCommandOptions,
): Promise<GuestCommandsResult> {
  if (tty) {
    const hint = 'leave out --tty, or name a single machine'
    throw new PosadaError('E_USAGE', 'several machines cannot share a terminal', { hint })
  }
  const collected = new Map<string, { stdout: Collector; stderr: Collector }>()
  const lines: PrefixedLines[] = []
  const width = Math.max(...machines.map((name) => name.length))
  const output = (machine: string) => {
    if (json) {
      const collectors = { stdout: new Collector(), stderr: new Collector() }
      collected.set(machine, collectors)
      return collectors
    }
    const prefix = `${machine.padEnd(width)} | `
    const streams = {
      stdout: new PrefixedLines(process.stdout, prefix),
      stderr: new PrefixedLines(process.stderr, prefix),
    }
    lines.push(streams.stdout, streams.stderr)
    return streams
  }
  const results = await execEach(project, { machines, command, agent, output }).finally(() => finish(lines))
  const exitCode = results.find((result) => result.exitCode !== 0)?.exitCode ?? 0
  process.exitCode = exitCode
  return {
    exitCode,
    machines: results.map(({ name, exitCode: code, signal }) => {
      const streams = collected.get(name)
      return {
        name,
        exitCode: code,
        signal: signal ?? null,
        ...(streams === undefined ? {} : texts(streams)),
      }
    }),
  }
}

function texts({ stdout, stderr }: { stdout: Collector; stderr: Collector }) {
  return {
    stdout: stdout.text(),
    stderr: stderr.text(),
    truncated: stdout.truncated || stderr.truncated,
  }
}

/** Lets last lines out that had no end. */
async function finish(lines: readonly PrefixedLines[]): Promise<void> {
  await Promise.all(lines.map((each) => new Promise<void>((done) => each.end(() => done()))))
}
