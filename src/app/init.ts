import { link, rm } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { LeftOut } from '../conversion/index.ts'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { writeOutputFile } from '../lib/files/output-file.ts'
import { writeFileAtomic } from '../lib/files/write-file.ts'
import { loadManifest, readForeignText, readTemplate } from '../manifest/index.ts'
import { schema } from './schema.ts'

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
  /** Absolute path of the manifest written, beside which lies its schema; null where nothing was. */
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
          text: await readTemplate(source.template),
          leftOut: [],
        }
      : await converted(resolve(cwd, source.from), path, env)
  if (!write) return { ...made, file: null }
  const text = `${modeline}\n${made.text}`
  if (force) await writeOutputFile(path, text)
  else if (!(await writeNew(path, text))) throw existsAlready(path)
  const besides = join(dirname(path), schemaName)
  const described = `${JSON.stringify(schema())}\n`
  if (force) await writeOutputFile(besides, described)
  else await writeNew(besides, described)
  return { ...made, text, file: path }
}

/**
 * Tells yaml-language-server where the schema is: in a file beside the manifest, so that it holds for whoever clones the
 * project, without a network and without Posada; docs/decisions/editors.md says why.
 */
const schemaName = 'posada.schema.json'
const modeline = `# yaml-language-server: $schema=${schemaName}`

async function converted(from: string, path: string, env: NodeJS.ProcessEnv) {
  const { convert } = await import('../conversion/index.ts')
  const folder = relative(dirname(path), dirname(from)) || '.'
  const name = relative(dirname(path), from)
  const { kind, leftOut, text } = convert({ name, text: await readForeignText(from), folder })
  await loadManifest({ file: path, cwd: dirname(path), env, text, anyOwner: true })
  return { template: null, from: { file: from, kind }, text, leftOut }
}

/** False: there is something of that name. A link, unlike a rename, fails then: no manifest is lost in a race. */
async function writeNew(path: string, text: string): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.new`)
  await writeFileAtomic(temporary, text)
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

function existsAlready(path: string): PosadaError {
  return new PosadaError('E_MANIFEST_EXISTS', 'there is a manifest already', {
    value: path,
    hint: 'replace it with --force',
  })
}
