import { link, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { LeftOut } from '../conversion/index.ts'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { writeOutputFile } from '../lib/files/output-file.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { writeFileAtomic } from '../lib/files/write-file.ts'
import { loadManifest, readForeignText, readTemplate } from '../manifest/index.ts'

export interface InitOptions {
  /** A template, or a file of another tool, relative to `cwd`. */
  source: { template: string } | { from: string }
  /** Where to write; posada.yaml in `cwd` where it is not given. */
  file: string | undefined
  cwd: string
  env: NodeJS.ProcessEnv
  /** Whether a manifest that is there is replaced. */
  force: boolean
  /** False: nothing is written, only the text returned. */
  write: boolean
}

/** What `posada init` prints with `--json`. */
export interface InitResult {
  /** Null where the manifest was made of a file. */
  template: string | null
  /** Null where the manifest was made from a template. */
  from: { file: string; kind: string } | null
  /** Absolute path of the file written; null where nothing was. */
  file: string | null
  text: string
  /** What the file said that the manifest does not. */
  leftOut: LeftOut[]
}

/**
 * Writes a manifest made from a template, or of another tool's file, and then only one that is valid.
 * E_MANIFEST_EXISTS where there is one, unless forced; E_CONVERSION, E_MANIFEST_INVALID of a file.
 */
export async function init({ source, file, cwd, env, force, write }: InitOptions): Promise<InitResult> {
  const path = resolve(cwd, file ?? 'posada.yaml')
  const made =
    'template' in source
      ? {
          template: source.template,
          from: null,
          text: await headed(await readTemplate(source.template)),
          leftOut: [],
        }
      : await converted(resolve(cwd, source.from), path, env)
  if (!write) return { ...made, file: null }
  if (force) await writeOutputFile(path, made.text)
  else await writeNew(path, made.text)
  return { ...made, file: path }
}

async function converted(from: string, path: string, env: NodeJS.ProcessEnv) {
  const { convert } = await import('../conversion/index.ts')
  const folder = relative(dirname(path), dirname(from)) || '.'
  const name = relative(dirname(path), from)
  const { kind, leftOut, ...made } = convert({ name, text: await readForeignText(from), folder })
  const text = await headed(made.text)
  await loadManifest({ file: path, cwd: dirname(path), env, text, anyOwner: true })
  return { template: null, from: { file: from, kind }, text, leftOut }
}

/**
 * A manifest below the line that tells yaml-language-server its schema: by an address, which is there for whoever clones
 * the project, also without Posada; docs/decisions/editors.md says why not by a file. A CDN has every file of npm's packages.
 */
async function headed(text: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')) as PackageJson
  const [major, minor] = version.split('.')
  return `# yaml-language-server: $schema=https://cdn.jsdelivr.net/npm/posada@${major}.${minor}/posada.schema.json\n${text}`
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
