import { PosadaError } from '../../errors/index.ts'
import { type Arch, archNamed, archs } from '../../lib/values/arch.ts'
import { isObject } from '../../lib/values/as-object.ts'
import { safePath } from '../archive/safe-path.ts'
import type { BoxDisk } from '../model.ts'

/** What a Vagrant box for libvirt says of itself in metadata.json. */
export interface VagrantMetadata {
  /** The disks by their paths in the archive, the one that is booted from first. */
  disks: { path: string; format: BoxDisk['format'] }[]
  /** null: it does not say. */
  arch: Arch | null
}

/** Bytes of a metadata.json. */
export const metadataLimit = 1024 * 1024
const mostDisks = 16

/**
 * Reads the metadata.json of a box, of either form: 1 has one disk, `box.img`; 2 lists them under
 * `disks`. `virtual_size` is passed over: what a machine sees stands in the image. E_BOX_INVALID.
 * Source: vagrant-libvirt, docs/boxes.markdown, "Box Format"; Vagrant, "Box File Format", for `architecture`.
 */
export function parseMetadata(text: string, source: string): VagrantMetadata {
  const refuse = (problem: string, hint = 'get the box again from its source'): never => {
    throw new PosadaError('E_BOX_INVALID', `${source} is not a usable box: ${problem}`, {
      value: source,
      hint,
    })
  }
  const data = readObject(text)
  if (data === null) return refuse('its metadata.json is not a JSON object')
  const { provider, format = 'qcow2', disks = [], architecture } = data
  if (provider !== 'libvirt')
    return refuse(
      typeof provider === 'string'
        ? `it is made for ${shown(provider)}, not for libvirt`
        : 'its metadata.json does not name a provider',
      'look for its libvirt version; vagrant mutate converts boxes of other providers',
    )
  if (!Array.isArray(disks) || disks.length > mostDisks)
    return refuse(`disks is not a list, or has more than ${mostDisks} entries`)
  const listed: unknown[] = disks.length === 0 ? [{ path: 'box.img' }] : disks
  const read = listed.map((disk, index) => {
    const { path, format: own = format } = isObject(disk) ? disk : {}
    if (own !== 'qcow2' && own !== 'raw')
      return refuse(
        `a disk has the format ${shown(own)}`,
        'convert it where the box was made: qemu-img convert -O qcow2',
      )
    const safe = typeof path === 'string' ? safePath(path) : null
    if (safe === null) return refuse(`the path of disk ${index + 1}, ${shown(path)}, points outside the box`)
    return { path: safe, format: own } as const
  })
  const double = read.find(({ path }, index) => read.findIndex((one) => one.path === path) !== index)
  if (double !== undefined) return refuse(`it lists the disk ${double.path} twice`)
  return { disks: read, arch: readArch(architecture, refuse) }
}

function readArch(value: unknown, refuse: (problem: string, hint: string) => never): Arch | null {
  if (value === undefined || value === null || value === 'unknown') return null
  const known = typeof value === 'string' ? archNamed(value) : null
  return known ?? refuse(`its architecture is ${shown(value)}`, `${archs.join(', ')} are supported`)
}

function readObject(text: string): Record<string, unknown> | null {
  try {
    const data: unknown = JSON.parse(text)
    return isObject(data) ? data : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 100)
}
