import { dirname, resolve } from 'node:path'
import type { Emit } from '../events/index.ts'
import { findManifest, loadManifest } from '../manifest/index.ts'
import { userPaths } from '../project/index.ts'
import { fetchBaseToRead } from './fetch-base.ts'
import { hostUses } from './host-uses.ts'
import { providerRegistry } from './provider/registry.ts'
import {
  type HostUse,
  readTrusted,
  type Trust,
  type TrustRecord,
  trustOf,
  trustsEverything,
} from './trust/agreed.ts'

export interface TrustInputs {
  file: string | undefined
  cwd: string
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** What `posada trust` prints with `--json`. */
export interface TrustResult {
  /** The project's folder. */
  root: string
  uses: (HostUse & { trusted: boolean })[]
}

/** What `posada trust --revoke` prints with `--json`. */
export interface RevokeResult {
  root: string
  revoked: boolean
}

/** What `posada trust --list` prints with `--json`. */
export interface TrustedProjects {
  projects: Omit<TrustRecord, 'version'>[]
}

/** What the project would do on this host, and, after `agree` said so, that its user agrees to all of it. */
export async function trust(
  inputs: TrustInputs,
  agree: (result: TrustResult) => Promise<void>,
): Promise<TrustResult> {
  const { file, cwd, env, emit } = inputs
  const fetch = fetchBaseToRead({ ...inputs, fetches: 'locked' })
  const anyOwner = trustsEverything(env)
  const manifest = await loadManifest({ cwd, env, fetch, anyOwner, ...(file === undefined ? {} : { file }) })
  const { root } = manifest
  const user = userPaths(env)
  const agreed = trustOf({ root, user, env })
  const uses = await hostUses(manifest, providerRegistry({ root, cacheDir: user.cache, emit, trust: agreed }))
  const before = await withAnswers(uses, agreed)
  if (before.every(({ trusted }) => trusted)) return { root, uses: before }
  await agree({ root, uses: before })
  await agreed.grant(uses)
  return { root, uses: await withAnswers(uses, agreed) }
}

async function withAnswers(uses: readonly HostUse[], trust: Trust): Promise<TrustResult['uses']> {
  const missing = await trust.missing(uses)
  return uses.map((use) => ({ ...use, trusted: !missing.includes(use) }))
}

/** Takes back what the user agreed to for the project in this folder or above. */
export async function revokeTrust({
  file,
  cwd,
  env,
}: Pick<TrustInputs, 'file' | 'cwd' | 'env'>): Promise<RevokeResult> {
  const path = file === undefined ? await findManifest(cwd) : resolve(cwd, file)
  const root = path === null ? resolve(cwd) : dirname(path)
  return { root, revoked: await trustOf({ root, user: userPaths(env), env }).revoke() }
}

export async function trustedProjects(env: NodeJS.ProcessEnv): Promise<TrustedProjects> {
  return { projects: await readTrusted(userPaths(env).trusted) }
}
