import { Readable, type Writable } from 'node:stream'
import type { RemoteCommand } from '../ssh/index.ts'
import { exec } from './exec.ts'
import { type Failure, throwFailures } from './failures.ts'
import type { Project } from './project.ts'
import type { CommandResult } from './results.ts'

export interface ExecEachOptions {
  machines: readonly string[]
  command: RemoteCommand
  agent?: boolean
  /** Where a machine's output goes; asked once for each. */
  output: (machine: string) => { stdout: Writable; stderr: Writable }
}

/** Commands at once: each is a connection of its own, and what it does is the guest's work. */
const atOnce = 16

/**
 * Runs a command in several running machines at once, with nothing on its stdin. The results come in
 * the order of `machines`. A machine in which it could not be run keeps it from no other; what went
 * wrong is thrown in the end.
 */
export async function execEach(
  project: Project,
  { machines, command, agent = false, output }: ExecEachOptions,
): Promise<(CommandResult & { name: string })[]> {
  const results = new Map<string, CommandResult>()
  const failures: Failure[] = []
  const left = [...machines]
  const worker = async () => {
    for (let machine = left.shift(); machine !== undefined; machine = left.shift()) {
      try {
        const stdin = Readable.from([])
        results.set(machine, await exec(project, { machine, command, agent, stdin, ...output(machine) }))
      } catch (error) {
        failures.push({ machine, error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, machines.length) }, worker))
  project.signal.throwIfAborted()
  throwFailures(failures)
  return machines.flatMap((name) => {
    const result = results.get(name)
    return result === undefined ? [] : [{ name, ...result }]
  })
}
