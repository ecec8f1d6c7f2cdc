import { rm, utimes } from 'node:fs/promises'
import { release } from 'node:os'
import { hostBootId } from '../../lib/process/boot-id.ts'
import {
  isDamage,
  readWarmImage,
  type UserPaths,
  type WarmImage,
  type WarmPaths,
  warmImages,
  writeWarmImage,
} from '../../project/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import { fileFlaw, flawOf } from '../memory/check.ts'
import type { Reporting } from '../project.ts'

export interface FoundImage {
  image: WarmImage
  paths: WarmPaths
}

interface Wanted {
  key: string
  spec: MachineSpec
  provider: Provider
}

/**
 * The warm image of this key, whole and fit for this host; null where there is none. One that cannot be used is told and
 * removed, for another takes its place. Its files are read through once after each start of the host, and when they were
 * written to.
 */
export async function findImage(
  { user, emit }: { user: UserPaths } & Pick<Reporting, 'emit'>,
  { key, spec, provider }: Wanted,
): Promise<FoundImage | null> {
  for (const paths of await warmImages(user, key)) {
    const found = await look(paths, user, { spec, provider })
    if (typeof found === 'object') return found
    await removeImage(paths)
    const message = `its warm image cannot be used: ${found}`
    emit({ type: 'notice', level: 'warn', machine: spec.name, message })
  }
  return null
}

export async function removeImage({ dir }: WarmPaths): Promise<void> {
  await rm(dir, { recursive: true, force: true })
}

/** Or why it is of no use. */
async function look(
  paths: WarmPaths,
  user: UserPaths,
  { spec, provider }: Omit<Wanted, 'key'>,
): Promise<FoundImage | string> {
  try {
    const image = await readWarmImage(paths, user)
    if (image === null) return 'it has no description'
    const facts = (await provider.memoryFacts?.(spec)) ?? {}
    const fits = flawOf(image.memory, { facts, hardware: image.memory.hardware }) ?? kernelFlaw(image)
    if (fits !== null) return fits
    const bootId = await hostBootId()
    const content = image.memory.bootId === bootId ? 'mark' : 'whole'
    for (const [name, disk] of Object.entries(image.disks)) {
      const flaw = await fileFlaw(paths.disk(name), disk, content)
      if (flaw !== null) return `disk ${name}: ${flaw}`
    }
    const flaw = await fileFlaw(paths.memory, image.memory, content)
    if (flaw !== null) return `memory: ${flaw}`
    const now = { ...image, memory: { ...image.memory, bootId } }
    if (content === 'whole') await writeWarmImage(paths, user, now)
    else await utimes(paths.description, new Date(), new Date())
    return { image: now, paths }
  } catch (error) {
    if (!isDamage(error)) throw error
    return error.message
  }
}

/** What KVM saves of a processor is the kernel's. */
function kernelFlaw({ kernel }: WarmImage): string | null {
  return kernel === release() ? null : `it was saved with Linux ${kernel}, and here it is ${release()}`
}
