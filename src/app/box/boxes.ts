import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  type BoxStore,
  boxFiles,
  buildBox,
  fetchBox,
  listRecipes,
  openBoxStore,
  parseBoxSource,
  type StoredBox,
} from '../../box/index.ts'
import type { Emit } from '../../events/index.ts'
import { hostArch } from '../../lib/values/arch.ts'
import { userPaths } from '../../project/index.ts'
import { boxBudget, keepBudget } from './budget.ts'
import { type BoxFactsInput, boxFacts } from './facts.ts'
import { machinesOnBox } from './users.ts'

/** A box, as `posada box` prints it with `--json`. */
export interface BoxResult {
  name: string
  version: string
  arch: string
  /** Lower-case SHA-256 of its box.json, in hexadecimal. */
  digest: string
  description: string
  /** Absolute path of its folder in the store. */
  dir: string
  /** What its files take, in bytes. */
  size: number
}

/** A box in the store that is damaged. */
export interface DamagedBox {
  name: string
  version: string
  arch: string
  digest: string
  problem: string
}

/** A box in the list. */
export interface ListedBox extends BoxResult {
  /** What it was named by when it was got from elsewhere; null: built here. */
  source: string | null
  /** Whether `box:` with its name means it; false: it calls itself so, and is found by its source alone. */
  bearsName: boolean
  /** ISO 8601; when it was last used, or added. */
  usedAt: string | null
}

export interface BoxListing {
  boxes: ListedBox[]
  damaged: DamagedBox[]
  /** Names that `posada box build` knows. */
  recipes: string[]
}

export interface RemovedBox {
  name: string
  version: string
  arch: string
  digest: string
}

/** All boxes of this user, and all recipes. */
export async function listBoxes(env: NodeJS.ProcessEnv): Promise<BoxListing> {
  const listing: BoxListing = {
    boxes: [],
    damaged: [],
    recipes: (await listRecipes()).map(({ name }) => name),
  }
  const boxes = store(env)
  for (const { box, problem, name, version, arch, digest, source, bearsName } of await boxes.list()) {
    const usedAt = (await boxes.lastUse(digest))?.toISOString() ?? null
    if (box !== null) listing.boxes.push({ ...boxResult(box), source, bearsName, usedAt })
    else listing.damaged.push({ name, version, arch, digest, problem: problem?.message ?? '' })
  }
  return listing
}

export interface BuildOptions {
  recipe: string
  force: boolean
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Builds a box for this host's architecture and puts it in the store. */
export async function build({ recipe, force, env, emit, signal }: BuildOptions): Promise<BoxResult> {
  boxBudget(env)
  const box = await buildBox({ recipe, store: store(env), arch: hostArch(), force, emit, signal })
  await keepBudget({ store: store(env), user: userPaths(env), env, emit, spare: box.digest })
  return boxResult(box)
}

export interface AddOptions {
  /** A path, with or without a leading `./`, or whatever else names a box. */
  source: string
  facts: BoxFactsInput
  force: boolean
  /** Takes a download that no checksum vouches for. */
  unchecked: boolean
  cwd: string
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Adds a box that somebody else built, from wherever it is. */
export async function add(options: AddOptions): Promise<BoxResult> {
  const { source, facts, force, unchecked, cwd, env, emit, signal } = options
  boxBudget(env)
  const named = existsSync(resolve(cwd, source)) ? resolve(cwd, source) : source
  const context = {
    store: store(env),
    arch: hostArch(),
    emit,
    signal,
    env,
    catalogues: [],
    force,
    unchecked,
    facts: boxFacts(facts),
    usedBy: (digest: string) => machinesOnBox(userPaths(env).projects, digest),
  }
  const box = await fetchBox(parseBoxSource(named, cwd), context)
  await keepBudget({ store: context.store, user: userPaths(env), env, emit, spare: box.digest })
  return boxResult(box)
}

/** Removes a box that no machine of any project in the index stands on; else E_BOX_IN_USE. */
export async function remove({ name, env }: { name: string; env: NodeJS.ProcessEnv }): Promise<RemovedBox[]> {
  const { projects } = userPaths(env)
  const removed = await store(env).remove(name, { usedBy: (digest) => machinesOnBox(projects, digest) })
  return removed.map(({ name, version, arch, digest }) => ({ name, version, arch, digest }))
}

function store(env: NodeJS.ProcessEnv): BoxStore {
  return openBoxStore(userPaths(env).boxes)
}

export function boxResult({ digest, dir, manifest }: StoredBox): BoxResult {
  const { name, version, arch, description } = manifest
  return {
    name,
    version,
    arch,
    digest,
    description,
    dir,
    size: boxFiles(manifest).reduce((sum, file) => sum + file.size, 0),
  }
}
