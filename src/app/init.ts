import { link, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { writeFileAtomic } from '../lib/files/write-file.ts'
import { readTemplate } from '../manifest/index.ts'

export interface InitOptions {
  template: string
  /** Where to write; posada.yaml in `cwd` where it is not given. */
  file: string | undefined
  cwd: string
  /** Whether a manifest that is there is replaced. */
  force: boolean
  /** False: nothing is written, only the text returned. */
  write: boolean
}

/** What `posada init` prints with `--json`. */
export interface InitResult {
  template: string
  /** Absolute path of the file written; null where nothing was. */
  file: string | null
  text: string
}

/** Writes a manifest made from a template; E_MANIFEST_EXISTS where there is one, unless forced. */
export async function init({ template, file, cwd, force, write }: InitOptions): Promise<InitResult> {
  const text = `${await modeline()}\n${await readTemplate(template)}`
  if (!write) return { template, file: null, text }
  const path = resolve(cwd, file ?? 'posada.yaml')
  if (force) await writeFileAtomic(path, text)
  else await writeNew(path, text)
  return { template, file: path, text }
}

/**
 * Where yaml-language-server gets the schema: an address, which is there for whoever clones the project, also without
 * Posada; docs/decisions/editors.md says why none of a file. A CDN has every file of npm's packages.
 */
async function modeline(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')) as PackageJson
  const [major, minor] = version.split('.')
  return `# yaml-language-server: $schema=https://cdn.jsdelivr.net/npm/posada@${major}.${minor}/posada.schema.json`
}

interface PackageJson {
  version: string
}

/** A link, unlike a rename, fails where there is a file already: no manifest is lost in a race. */
async function writeNew(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.new`)
  await writeFileAtomic(temporary, text)
  try {
    await link(temporary, path)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
    throw new PosadaError('E_MANIFEST_EXISTS', 'there is a manifest already', {
      value: path,
      hint: 'replace it with --force',
    })
  } finally {
    await rm(temporary, { force: true })
  }
}
