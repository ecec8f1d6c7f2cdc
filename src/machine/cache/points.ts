import { createHash } from 'node:crypto'
import type { StoredBox } from '../../box/index.ts'
import type { WrittenStep } from '../../manifest/index.ts'

/** A step behind which the disk is kept, with all that makes the disk what it is then. */
export interface CachePoint {
  /** SHA-256 in hexadecimal of the box, the user-data and all steps so far. */
  key: string
  /** The steps so far, by name, with their digests. */
  steps: readonly { name: string; digest: string }[]
}

/** A step, and the digest of what it does; null where its script is yet to be fetched. */
export interface DigestedStep {
  step: Pick<WrittenStep, 'name' | 'kind' | 'reboot' | 'run'> & { cache?: boolean }
  digest: string | null
}

/** What a machine begins with. */
export interface Beginning {
  box: Pick<StoredBox, 'digest' | 'manifest'>
  /** The digest of its user-data. */
  userData: string | null
  /** Bytes of its first disk; null: as the box has it. */
  disk: number | null
}

/** Where the disk is kept, in the order of the steps. They are counted by what they do, not by their names. Pure. */
export function cachePoints(beginning: Beginning, all: readonly DigestedStep[]): CachePoint[] {
  const { box, userData, disk } = beginning
  const points: CachePoint[] = []
  const steps: { name: string; digest: string }[] = []
  const parts: unknown[] = [1, box.digest, userData, disk ?? box.manifest.disks[0]?.virtualSize]
  for (const { step, digest } of all) {
    // A machine that is made does not run it.
    if (step.run === 'never') continue
    if (digest === null) break
    steps.push({ name: step.name, digest })
    parts.push([step.kind, digest, step.reboot])
    if (step.cache !== true) continue
    const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
    points.push({ key, steps: [...steps] })
  }
  return points
}

/** What a layer is called in its store. */
export function layerName({ key }: Pick<CachePoint, 'key'>): string {
  return `layer/${key.slice(0, 32)}`
}
