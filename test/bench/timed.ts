import { execa } from 'execa'

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
  const { exitCode, stdout, stderr } = await execa(program, args, { ...rest, stdin: 'ignore', reject: false })
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9
  if (exitCode !== undefined && codes.includes(exitCode)) return { seconds, stdout }
  throw new Error(
    `${program} ${args.join(' ')} ended with ${exitCode}: ${`${stderr}\n${stdout}`.slice(-3000)}`,
  )
}
