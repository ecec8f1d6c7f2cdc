import { type BoxSource, parseBoxSource, pushTo } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { type Arch, hostArch } from '../../lib/values/arch.ts'
import { userBoxes } from './user-boxes.ts'

/** What `posada box push` prints with `--json`. */
export interface PushResult {
  name: string
  version: string
  arch: string
  /** Where it lies now: `oci://registry.example.com/team/shop:1.2`. */
  target: string
  /** Of what the tag leads to: `sha256:…`. */
  digest: string
  /** Bytes of its parts in the registry, and of those that were not there before. */
  size: number
  uploaded: number
}

export interface PushOptions {
  /** `debian/12`, or one version of it. */
  name: string
  /** `oci://…`. */
  target: string
  /** This computer's unless given. */
  arch: Arch | undefined
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Puts a box of the store into a registry. */
export async function pushBox(inputs: PushOptions): Promise<PushResult> {
  const { env, emit, signal } = inputs
  const target = registryTarget(inputs.target)
  const { store } = userBoxes(env)
  const box = await store.resolve(inputs.name, inputs.arch ?? hostArch())
  const { name, version, arch: made } = box.manifest
  return { name, version, arch: made, ...(await pushTo(box, target, { store, env, emit, signal })) }
}

/** Registry, repository and tag, as typed. E_BOX_SOURCE. */
export function registryTarget(typed: string): Extract<BoxSource, { kind: 'oci' }> {
  const target = parseBoxSource(typed, '/')
  if (target.kind === 'oci') return target
  const value = typed.slice(0, 150)
  throw new PosadaError('E_BOX_SOURCE', `'${value}' is not a registry reference`, {
    value,
    hint: 'write oci://registry.example.com/team/box:1.2',
  })
}
