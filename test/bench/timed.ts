import { execa } from 'execa'

const running = new Set<{ kill(signal: NodeJS.Signals): unknown }>()

/**
 * Makes an interruption end what is being measured, not the bench itself: the failure then takes away
 * what was made, as any other would.
 */
export function interruptMeasured(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      for (const child of running) child.kill(signal)
    })
}

export interface Timed {
  seconds: number
  stdout: string
}

/**
 * Runs a program to its end, with nothing on stdin, and tells how long that took. An exit code that
 * is not among `codes` is an error with what the program said.
 */
export async function timed(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; codes?: readonly number[] } = {},
): Promise<Timed> {
  const { codes = [0], ...rest } = options
  const begun = process.hrtime.bigint()
  const child = execa(program, args, { ...rest, stdin: 'ignore', reject: false })
  running.add(child)
  const { exitCode, stdout, stderr } = await child.finally(() => running.delete(child))
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9
  if (exitCode !== undefined && codes.includes(exitCode)) return { seconds, stdout }
  throw new Error(
    `${program} ${args.join(' ')} ended with ${exitCode}: ${`${stderr}\n${stdout}`.slice(-3000)}`,
  )
}
