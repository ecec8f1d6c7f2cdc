import { makeVisible } from '../../ui/index.ts'
import type { InstalledFile } from '../completion/install.ts'

/** What `completion --install` did, and what is left to do. */
export function installedText(shell: string, files: readonly InstalledFile[]): string {
  const words = { written: 'written', line: 'one line added', none: 'up to date' }
  const lines = files.map(({ path, change }) => `${makeVisible(path)}: ${words[change]}`)
  const isNew = files.some(({ change }) => change !== 'none')
  return [
    ...lines,
    isNew
      ? `start a new ${shell}: the tab key completes commands, machines and boxes`
      : `completion for ${shell} was installed already`,
  ].join('\n')
}
