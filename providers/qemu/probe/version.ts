// Not execa: loading it takes longer than the answer.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** `QEMU emulator version 7.2.22 (Debian …)`. */
export async function versionOf(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['-version'], { cwd: '/', timeout: 30_000 })
  return /version (\d+(?:\.\d+)+)/.exec(stdout)?.[1] ?? 'unknown'
}
