import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { nearest } from '../lib/text/suggest.ts'

export interface Template {
  /** What `posada init` is given: `minimal`. */
  name: string
  /** One line: the template's first comment. */
  description: string
}

/** The manifests that `posada init` can begin with, `default` first. */
export async function listTemplates(): Promise<Template[]> {
  const names = await templateNames()
  return Promise.all(names.map(async (name) => ({ name, description: describe(await read(name)) })))
}

/** The text of a template; E_TEMPLATE_UNKNOWN with the nearest name where there is none of this name. */
export async function readTemplate(name: string): Promise<string> {
  const names = await templateNames()
  if (names.includes(name)) return read(name)
  const near = nearest(name, names)
  throw new PosadaError('E_TEMPLATE_UNKNOWN', `there is no template '${name}'`, {
    value: name,
    hint: near === undefined ? `templates are: ${names.join(', ')}` : `did you mean '${near}'?`,
  })
}

async function templateNames(): Promise<string[]> {
  const files = await readdir(join(packageRoot(), 'templates'))
  const names = files.filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length))
  return names.sort((a, b) => Number(b === 'default') - Number(a === 'default') || a.localeCompare(b))
}

function read(name: string): Promise<string> {
  return readFile(join(packageRoot(), 'templates', `${name}.yaml`), 'utf8')
}

function describe(text: string): string {
  return /^# (.+)$/m.exec(text)?.[1] ?? ''
}
