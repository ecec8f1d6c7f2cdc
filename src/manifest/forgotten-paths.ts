import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isErrno } from '../lib/files/errno.ts'
import type { WrittenMachine } from './checked.ts'
import type { Report } from './problems.ts'
import { shorten } from './source/node.ts'

/**
 * Reports `shell: setup.sh` where a file of that name lies beside the manifest: without `./` it is a command of the
 * guest, which has none of that name.
 */
export async function checkForgottenPaths(
  machines: readonly WrittenMachine[],
  report: Report,
): Promise<void> {
  for (const { values } of machines)
    for (const { node } of values.provision ?? []) {
      const shell = node.kind === 'map' ? node.entries.get('shell')?.value : undefined
      if (shell?.kind !== 'scalar' || shell.span.source.url !== null) continue
      const text = shell.raw.trim()
      if (!/^[\w-][\w./-]*$/.test(text) || !(await isFile(join(dirname(shell.span.source.file), text))))
        continue
      report({
        code: 'E_VALUE_INVALID',
        message: `'${shorten(text)}' is run as a command of the guest, and there is a file of this name here`,
        span: shell.span,
        value: shorten(text),
        hint: `did you mean './${shorten(text)}'? A command of the guest is written as shell: {inline: ${shorten(text)}}`,
      })
    }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG')) return false
    throw error
  }
}
