import { pushTo, sourceText } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { keptLayers, type Project } from '../../machine/index.ts'
import { changeLockfile, type LockedLayer } from '../../project/index.ts'
import { registryTarget } from '../box/push.ts'

/** A layer that lies in a registry now. */
export interface PushedLayer {
  machines: string[]
  /** The last step that it has. */
  step: string
  arch: string
  /** `oci://registry.example.com/team/shop@sha256:…`, as posada.lock has it. */
  url: string
  /** Bytes of its parts in the registry, and of those that were not there before. */
  size: number
  uploaded: number
}

/**
 * Puts the layers of a project's machines into a registry and posada.lock, by which others' machines are made from them.
 * What the lock had of the same architectures goes. E_BOX_MISSING where there is none.
 */
export async function pushLayers(
  project: Project,
  { target, env }: { target: string; env: NodeJS.ProcessEnv },
): Promise<{ layers: PushedLayer[] }> {
  const { layers: store, emit, signal, paths, command, lockWait: wait } = project
  const place = registryTarget(target)
  const kept = await keptLayers(project)
  if (kept.length === 0) throw noLayer()
  const pushed: PushedLayer[] = []
  const locked: [string, LockedLayer][] = []
  for (const { machines, point, box } of kept) {
    const { arch } = box.manifest
    const to = { ...place, tag: `layer-${point.key.slice(0, 32)}`, digest: null }
    const { digest, size, uploaded } = await pushTo(box, to, { store, env, emit, signal })
    const url = sourceText({ ...place, tag: null, digest })
    pushed.push({ machines, step: point.steps.at(-1)?.name ?? '', arch, url, size, uploaded })
    locked.push([point.key, { url, digest: box.digest, arch }])
  }
  const archs = new Set<string>(pushed.map(({ arch }) => arch))
  await changeLockfile({ paths, command, wait, signal }, ({ layers }) => {
    for (const [key, { arch }] of layers) if (archs.has(arch)) layers.delete(key)
    for (const [key, layer] of locked) layers.set(key, layer)
    return { result: undefined, changed: true }
  })
  return { layers: pushed }
}

function noLayer(): PosadaError {
  return new PosadaError('E_BOX_MISSING', 'no layer of a machine of this project is kept here', {
    hint: 'give a provision step `cache: true`; posada up keeps the layer when it creates the machine',
  })
}
