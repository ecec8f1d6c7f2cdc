import { lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
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

/** Reports a playbook or Puppet manifest in the project's own folder: all that lies there would belong to it. */
export function checkPlaybooks(machines: readonly WrittenMachine[], root: string, report: Report): void {
  for (const { values } of machines)
    for (const { value, node } of values.provision ?? []) {
      const playbook = value.ansible?.playbook ?? value.puppet?.manifest
      if (playbook === undefined || !`${root}/`.startsWith(`${dirname(playbook)}/`)) continue
      report({
        code: 'E_VALUE_INVALID',
        message: `the ${value.ansible === undefined ? 'Puppet manifest' : 'playbook'} '${shorten(basename(playbook))}' has to be in a folder of its own`,
        span: node.span,
        value: shorten(playbook),
        hint: `move it, with its ${value.ansible === undefined ? 'modules' : 'roles'} and files, to ops/${shorten(basename(playbook))}`,
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
