import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isErrno } from './errno.ts'

let found: string | undefined

/**
 * The folder of Posada's own package.json, where boxes/ and templates/ are: the nearest one above
 * this file whose name is `posada`, so that it holds from source and bundled into dist/.
 */
export function packageRoot(): string {
  found ??= search(dirname(fileURLToPath(import.meta.url)))
  return found
}

function search(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (packageName(join(folder, 'package.json')) === 'posada') return folder
    if (folder === dirname(folder)) throw new Error(`no package.json of posada above ${start}`)
  }
}

function packageName(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
  return (JSON.parse(text) as { name?: unknown }).name
}
