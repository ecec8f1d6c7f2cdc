import { basename, dirname, extname, join, resolve } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import type { WebAddress } from '../lib/net/web-address.ts'
import { type BasePlace, readBases } from './bases.ts'
import { checkManifest } from './check.ts'
import { Variables } from './env-file.ts'
import { findManifest, findUpwards, manifestName } from './find.ts'
import { checkForgottenPaths, checkPlaybooks } from './forgotten-paths.ts'
import { limits } from './limits.ts'
import type { Manifest } from './model.ts'
import { checkOwner } from './owner.ts'
import { Problems, type Report } from './problems.ts'
import { decodeSource, readSource } from './read-file.ts'
import { resolveManifest } from './resolve.ts'
import type { Entry, Node } from './source/node.ts'
import { parseYaml } from './source/parse-yaml.ts'
import { makeSource, type Source } from './source/source.ts'
import { makeContext } from './variables.ts'

export interface LoadOptions {
  /** The manifest, relative to `cwd`; without it the nearest posada.yaml in `cwd` or above is taken. */
  file?: string
  cwd: string
  /** What `file` would hold, where it is not written yet. */
  text?: string
  /** Whether files of other users are taken, as they are where `file` is given. */
  anyOwner?: boolean
  /** Variables, over those of `.env`; the process's own unless given. */
  env?: NodeJS.ProcessEnv
  /** Gets a base manifest that has a URL, of at most `limit` bytes; `root`: the folder of posada.yaml. */
  fetch?: (address: WebAddress, of: { root: string; limit: number }) => Promise<Uint8Array>
}

/**
 * Reads posada.yaml, what it extends, `posada.override.yaml` and `.env` beside it, and resolves them. Throws
 * E_MANIFEST_MISSING, E_OWNER, E_MANIFEST_READ, E_MANIFEST_TOO_LARGE, what fetching throws, or E_MANIFEST_INVALID,
 * whose `problems` are all there are in all files, sorted by file and place.
 */
export async function loadManifest(options: LoadOptions): Promise<Manifest> {
  const file = options.file === undefined ? await found(options.cwd) : resolve(options.cwd, options.file)
  const root = dirname(file)
  const overrideFile = overrideOf(file)
  const envFile = join(root, '.env')
  const problems = new Problems()
  const { report } = problems
  const bases: string[] = []
  const fail = () => problems.toError([file, overrideFile, ...bases, envFile])

  const believed = { manifest: file, named: options.file !== undefined || options.anyOwner === true }
  const readOwn = async (path: string) => {
    await checkOwner(path, believed)
    return readSource(path, report)
  }
  const source = options.text === undefined ? await readOwn(file) : makeSource(file, options.text)
  if (source === undefined) throw problems.any ? fail() : missing(file)
  const overrideSource = await readOwn(overrideFile)
  const own = parseYaml(source, report)
  const override = overrideSource === undefined ? undefined : parseYaml(overrideSource, report)

  const variables = new Variables(options.env ?? process.env, () => readOwn(envFile), report)
  await variables.prepare(source, overrideSource)
  const context = makeContext(report, variables.get)
  const read = async (place: BasePlace) => {
    // No server is asked for what would be of no use.
    if (problems.any) throw fail()
    const base =
      'path' in place
        ? await readOwn(place.path)
        : await fetchSource(place, { root, fetch: options.fetch }, report)
    if (base === undefined) return problems.any ? undefined : null
    bases.push(base.file)
    await variables.prepare(base)
    return base
  }
  const below = await readBases(extendsOf(own, override), { context, file, read })

  // What the checker would say of a file that could not be read as YAML is of no use.
  const isUnread = below === undefined || (own === undefined && problems.any)
  const checked = isUnread ? undefined : checkManifest({ source, own, bases: below, override }, context)
  await checkForgottenPaths(checked?.machines ?? [], report)
  checkPlaybooks(checked?.machines ?? [], root, report)
  if (problems.any || checked === undefined) throw fail()
  return resolveManifest({ file, root }, checked)
}

/** The override's, where it says one. */
function extendsOf(...nodes: readonly (Node | undefined)[]): Entry | undefined {
  const entries = nodes.map((node) => (node?.kind === 'map' ? node.entries.get('extends') : undefined))
  return entries.findLast((entry) => entry !== undefined)
}

async function fetchSource(
  address: WebAddress,
  { root, fetch }: { root: string; fetch: LoadOptions['fetch'] },
  report: Report,
): Promise<Source | undefined> {
  if (fetch === undefined) throw new Error('a base manifest has to be fetched, and nothing fetches here')
  const bytes = await fetch(address, { root, limit: limits.fileSize })
  return decodeSource({ file: shownUrl(address.url), url: address.url }, bytes, report)
}

/** `posada.override.yaml` for `posada.yaml`: the same name with `.override` before its ending. */
function overrideOf(file: string): string {
  const extension = extname(file)
  return join(dirname(file), `${basename(file, extension)}.override${extension}`)
}

async function found(cwd: string): Promise<string> {
  const file = await findManifest(cwd)
  if (file !== null) return file
  const other = await findUpwards(cwd, 'posada.yml')
  throw new PosadaError(
    'E_MANIFEST_MISSING',
    `there is no ${manifestName} in ${resolve(cwd)} or any folder above`,
    {
      value: resolve(cwd),
      hint: other === null ? 'make one with: posada init' : `rename ${other} to ${manifestName}`,
    },
  )
}

function missing(file: string): PosadaError {
  return new PosadaError('E_MANIFEST_MISSING', `there is no file ${file}`, {
    value: file,
    hint: 'look at the path, or make a manifest with: posada init',
  })
}
