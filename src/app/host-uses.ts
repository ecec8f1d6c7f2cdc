import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { isErrno } from '../lib/files/errno.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import type { Machine, Manifest } from '../manifest/index.ts'
import { pathsIn } from '../provisioners/index.ts'
import { searchPlugin } from './provider/find-plugin.ts'
import type { ProviderRegistry } from './provider/registry.ts'
import type { HostUse } from './trust/agreed.ts'
import { codeUse, pluginUse } from './trust/code-use.ts'

/**
 * What the manifest would have Posada run on this host, or take from it into machines. Nothing of it is run for this. The one
 * list: a key that runs a program here or reaches files outside the project (hooks, synced folders) is added here first;
 * agreeing, asking and `posada trust` go by it.
 */
export async function hostUses(manifest: Manifest, registry: ProviderRegistry): Promise<HostUse[]> {
  const uses: HostUse[] =
    manifest.host === undefined
      ? []
      : [plainUse(`makes machines on another host, with what they are given: ${manifest.host}`)]
  for (const config of manifest.machines) {
    uses.push(...(await providerUses(config, registry, manifest.root)))
    uses.push(...(await provisionerUses(config, manifest.root)))
    uses.push(...(await fileUses(config, manifest.root)))
    for (const use of await playbookUses(config)) uses.push(use)
    for (const command of hookCommands(config)) uses.push(await hookUse(command, manifest.root))
    for (const command of secretCommands(config)) uses.push(await secretUse(command, manifest.root))
    uses.push(...(await folderUses(config, manifest.root)))
    const folder = manifest.boxes[config.box]
    if (folder !== undefined) uses.push(...(await recipeUses(config.box, folder, manifest.root)))
  }
  const env = join(manifest.root, '.env')
  if (await leadsOut(env, manifest.root)) uses.push(plainUse(`takes variables from ${await realpath(env)}`))
  return [...new Map(uses.map((use) => [use.digest, use])).values()]
}

/** The recipe of a box: its `prepare.sh` runs on this host; an installer reads what it names and runs in a machine. */
export async function recipeUses(name: string, folder: string, root: string): Promise<HostUse[]> {
  const { localMedia, readAnyRecipe } = await import('../box/index.ts')
  const recipe = await readAnyRecipe(folder)
  if (recipe.kind === 'install') {
    const answers = recipe.install.answers.map((file) => join(folder, file))
    const uses: HostUse[] = []
    for (const path of [...localMedia(recipe.install), ...answers])
      if (await leadsOut(path, root))
        uses.push(plainUse(`installs the box ${name} with ${await realpath(path)}`))
    return uses
  }
  const folders = recipe.layers.map(({ dir }) => dir)
  const own = folders.filter((dir) => relative(packageRoot(), dir).startsWith('..'))
  return [await codeUse(`builds the box ${name} with the scripts in ${own.join(', ')}`, own)]
}

async function providerUses(
  { provider, providers }: Machine,
  registry: ProviderRegistry,
  root: string,
): Promise<HostUse[]> {
  const known = registry.builtInNames.filter((name) => provider === 'auto' || provider === name)
  const uses: HostUse[] = []
  for (const name of known) {
    const options = providers[name]
    // Without any it has nothing of this host used, and need not be loaded.
    if (options === undefined) continue
    const { hostOptions } = await registry.get(name)
    for (const { what, texts } of hostOptions?.(options) ?? [])
      uses.push(await codeUse(what, await filesIn(texts, root)))
  }
  if (provider === 'auto' || known.length > 0) return uses
  const { folder, isOfProject } = await searchPlugin(provider, root)
  return folder !== null && isOfProject ? [await pluginUse(provider, folder)] : []
}

/** Packages of the project whose code carries steps out. */
async function provisionerUses({ provision }: Machine, root: string): Promise<HostUse[]> {
  const uses: HostUse[] = []
  for (const step of provision) {
    if (step.kind !== 'uses') continue
    const { folder, isOfProject } = await searchPlugin(step.uses, root, 'provisioner')
    if (folder !== null && isOfProject) uses.push(await pluginUse(step.uses, folder, 'provisioner'))
  }
  return uses
}

/** A command of this host that a provision step gets a secret from, with the files of the project that it names. */
export async function secretUse(command: string, root: string): Promise<HostUse> {
  return codeUse(
    `runs ${JSON.stringify(command)} to get a secret for a machine`,
    await filesIn(wordsOf(command), root),
  )
}

/** Playbooks that this computer's Ansible may run: tasks of theirs may be for this computer. */
async function playbookUses({ provision }: Machine): Promise<HostUse[]> {
  const uses: HostUse[] = []
  for (const step of provision)
    if (step.kind === 'ansible' && step.via !== 'guest' && (await isFile(step.playbook)))
      uses.push(await codeUse(`runs ansible-playbook with ${step.playbook}`, [dirname(step.playbook)]))
  return uses
}

/** Words of a command line that may name what it runs: not where its output goes, which changes by itself. */
function wordsOf(command: string): string[] {
  return command.replace(/>+&?\s*\S+/g, ' ').split(/\s+/)
}

/** A hook that runs on this host, with the files of the project that it names. */
export async function hookUse(command: string, root: string): Promise<HostUse> {
  return codeUse(`runs the hook ${JSON.stringify(command)}`, await filesIn(wordsOf(command), root))
}

function hookCommands({ hooks }: Machine): string[] {
  const all = [hooks.before, hooks.after].flatMap((around) => Object.values(around).flat())
  return all.flatMap((hook) => (hook.in === 'host' ? [hook.run] : []))
}

function secretCommands({ provision }: Machine): string[] {
  return secretPlaces(provision).flatMap((place) => ('command' in place ? [place.command] : []))
}

function secretPlaces(steps: Machine['provision']) {
  return steps.flatMap((step) => (step.kind === 'shell' ? Object.values(step.sensitive) : []))
}

/** The files of the project that texts such as `file=./x.so,id=x` name. */
async function filesIn(texts: readonly string[], root: string): Promise<string[]> {
  const paths = texts.flatMap((text) => [text, ...text.split(/[,=:]/)]).map((part) => resolve(root, part))
  const files: string[] = []
  for (const path of new Set(paths)) if (path.startsWith(`${root}/`) && (await isFile(path))) files.push(path)
  return files
}

/** Files of the host that lie outside the project, also those that a link in the project leads to. */
async function fileUses({ provision, cloudInit }: Machine, root: string): Promise<HostUse[]> {
  const sources = provision.flatMap((step) => {
    if (step.kind === 'uses') return pathsIn(step).map((path) => ({ path }))
    if (step.kind === 'ansible') return { path: dirname(step.playbook) }
    return step.kind === 'puppet' ? { path: dirname(step.manifest) } : step.source
  })
  const places = [...sources, ...secretPlaces(provision)]
  const paths = places.flatMap((place) => ('path' in place ? [place.path] : []))
  if (cloudInit !== null && 'path' in cloudInit) paths.push(cloudInit.path)
  const uses: HostUse[] = []
  for (const path of paths)
    if (await leadsOut(path, root)) uses.push(plainUse(`copies ${await realpath(path)} into a machine`))
  return uses
}

/** Folders outside the project that a guest has a copy of, or writes to, and repositories that it writes to. */
async function folderUses({ sync, mounts }: Machine, root: string): Promise<HostUse[]> {
  const uses: HostUse[] = []
  for (const { from, readOnly } of mounts) {
    const isOutside = await leadsOut(from, root)
    // Of one of the project nothing is left out, and files that are run here are among it.
    if (readOnly && !isOutside) continue
    const path = isOutside ? await realpath(from) : from
    const what = readOnly ? 'read all of' : 'work in'
    const rest = readOnly ? '' : ' itself: read and change all of it, .git with its hooks included'
    uses.push(plainUse(`lets a machine ${what} ${path}${rest}`))
  }
  for (const { from, type, git } of sync) {
    // Whoever wrote the manifest does not write the hooks of a clone; what runs in the machine then would.
    if (git && type === 'mirror')
      uses.push(plainUse(`lets a machine change .git in ${from}, whose hooks git runs here`))
    if (!(await leadsOut(from, root))) continue
    const path = await realpath(from)
    const what =
      type === 'once' ? `copies ${path} into a machine` : `lets a machine read and change all of ${path}`
    uses.push(plainUse(what))
  }
  return uses
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG')) return false
    throw error
  }
}

/** Whether a path leads out of a folder, or is or holds that folder itself. False for one that leads nowhere. */
async function leadsOut(path: string, root: string): Promise<boolean> {
  try {
    const below = relative(await realpath(root), await realpath(path))
    return below === '..' || below.startsWith('../')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG')) return false
    throw error
  }
}

function plainUse(what: string): HostUse {
  return { what, digest: createHash('sha256').update(what).digest('hex') }
}
