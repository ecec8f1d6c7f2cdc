import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { readTextIfThere } from '../lib/files/write-file.ts'

/** The host's processor: its model and what it can do, which its microcode and the kernel have a say in. */
export async function hostProcessor(): Promise<string> {
  const features =
    /^(?:flags|Features)\s*:.*$/m.exec((await readTextIfThere('/proc/cpuinfo')) ?? '')?.[0] ?? ''
  const digest = createHash('sha256').update(features).digest('hex').slice(0, 12)
  return `${cpus()[0]?.model ?? 'unknown'} (features ${digest})`
}
