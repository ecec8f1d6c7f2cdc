import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { PosadaError } from '../../src/errors/index.ts'
import { type LoadOptions, loadManifest, type Manifest } from '../../src/manifest/index.ts'

/** Files by name; their content. */
export type Files = Record<string, string | Uint8Array>

/** A folder `shop` with these files, there while `use` runs. */
export async function withFolder<T>(files: Files, use: (folder: string) => Promise<T>): Promise<T> {
  const parent = await mkdtemp(join(tmpdir(), 'posada-manifest-'))
  try {
    const folder = join(parent, 'shop')
    await mkdir(folder)
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), content)
    }
    return await use(folder)
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
}

/** Loads posada.yaml of a text, or of several files, with no variables but those given. */
export function load(files: string | Files, options: Partial<LoadOptions> = {}): Promise<Manifest> {
  const all = typeof files === 'string' ? { 'posada.yaml': files } : files
  return withFolder(all, (cwd) => loadManifest({ cwd, env: {}, ...options }))
}

/** The error that loading ends with; fails the test when it does not. */
export async function loadError(
  files: string | Files,
  options: Partial<LoadOptions> = {},
): Promise<PosadaError> {
  try {
    await load(files, options)
  } catch (error) {
    if (error instanceof PosadaError) return error
    throw error
  }
  throw new Error('the manifest was accepted')
}

/** Problems as a person would read them: place, code, message, line with caret, hint. */
export function render(error: PosadaError): string {
  return error.problems
    .map(({ code, message, place, hint }) => {
      if (place === undefined) throw new Error(`no place: ${message}`)
      const at = `${basename(place.file)}:${place.line}:${place.column} ${code} ${message}`
      const caret = ' '.repeat(place.column - (place.textStart ?? 1)) + '^'.repeat(place.length ?? 1)
      const line = place.text === undefined ? [] : [`  | ${place.text}`, `  | ${caret}`]
      return [at, ...line, ...(hint === undefined ? [] : [`  = ${hint}`])].join('\n')
    })
    .join('\n')
}
