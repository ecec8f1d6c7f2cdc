import { realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import { packageRoot } from '../../lib/files/package-root.ts'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import type { PluginKind } from '../trust/code-use.ts'

export interface SearchResult {
  /** The file to import, or null where no package of this name is installed. */
  path: string | null
  /** The package's folder; null likewise. */
  folder: string | null
  /** Whether the project brought it; false: it was installed with Posada, or globally. */
  isOfProject: boolean
  /** The `node_modules` folders that were looked into, in order. */
  searched: string[]
}

/**
 * The npm package of a provider: `acme` is in `posada-provider-acme`, `@corp/acme` in
 * `@corp/posada-provider-acme`. Null: this can be no provider's name.
 */
export function packageNameOf(name: string, kind: PluginKind = 'provider'): string | null {
  const parts = /^(?:(@[a-z0-9][a-z0-9._-]*)\/)?([a-z0-9][a-z0-9._-]*)$/.exec(name)
  if (parts === null || name.length > 128) return null
  const [, scope, base] = parts
  return `${scope === undefined ? '' : `${scope}/`}posada-${kind}-${base}`
}

/** Looks from the project's folder upwards, then beside Posada itself, then where npm installs globally. */
export async function searchPlugin(
  name: string,
  root: string,
  kind: PluginKind = 'provider',
): Promise<SearchResult> {
  const packageName = packageNameOf(name, kind)
  const searched: string[] = []
  const none = { path: null, folder: null, isOfProject: false, searched }
  if (packageName === null) return none
  const beside = modulesFrom(packageRoot())
  const ofProject = modulesFrom(root).filter((modules) => !beside.includes(modules))
  for (const place of [async () => ofProject, async () => beside, globalModules]) {
    for (const modules of await place()) {
      if (searched.includes(modules)) continue
      searched.push(modules)
      const folder = join(modules, packageName)
      const path = await entryOf(folder)
      if (path !== null) return { path, folder, isOfProject: ofProject.includes(modules), searched }
    }
  }
  return none
}

/**
 * The file that `import` of a package loads. Node's own resolution is available for the project's
 * folder as a starting point only by its CommonJS half, which refuses packages that are ES modules
 * alone; hence the few rules needed here. Null: no such package.
 * Source: Node.js documentation, "Modules: Packages", package entry points.
 */
async function entryOf(folder: string): Promise<string | null> {
  const text = await readTextIfThere(join(folder, 'package.json'))
  if (text === null) return null
  const { exports, main } = parse(text)
  const entry = conditional(subpath(exports)) ?? (typeof main === 'string' ? main : 'index.js')
  return join(folder, entry)
}

/** Whether what a package says is its entry lies in the package, whose content its user has agreed to. */
export async function isInside(path: string, folder: string): Promise<boolean> {
  try {
    return !relative(await realpath(folder), await realpath(path)).startsWith('..')
  } catch (error) {
    // Importing it says so.
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return true
    throw error
  }
}

/** A package.json that is not JSON leads to the default entry, whose import then says what is wrong. */
function parse(text: string): { exports?: unknown; main?: unknown } {
  try {
    return JSON.parse(text) ?? {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

function subpath(exports: unknown): unknown {
  if (typeof exports !== 'object' || exports === null || Array.isArray(exports)) return exports
  return '.' in exports ? exports['.'] : exports
}

/** The first condition that holds, in the package's order. */
function conditional(target: unknown): string | null {
  if (typeof target === 'string') return target
  if (typeof target !== 'object' || target === null) return null
  for (const [condition, value] of Object.entries(target)) {
    const found = ['import', 'node', 'default'].includes(condition) ? conditional(value) : null
    if (found !== null) return found
  }
  return null
}

/** Every `node_modules` on the way up, then Node's own global folders. */
function modulesFrom(folder: string): string[] {
  return createRequire(join(folder, 'any.js')).resolve.paths('posada') ?? []
}

/** Where `npm install --global` puts packages; nowhere where npm is not there. */
async function globalModules(): Promise<string[]> {
  // Loaded here, as few look for a plug-in that is not in their project.
  const { execa } = await import('execa')
  const { failed, stdout } = await execa('npm', ['root', '--global'], {
    cwd: '/',
    stdin: 'ignore',
    timeout: 10_000,
    reject: false,
  })
  return failed ? [] : [stdout.trim()]
}
