import { boxVersionForm } from '../../lib/values/box-names.ts'
import { type Checksum, checksumOf, checksumText } from '../../lib/values/checksum.ts'
import { type DraftMachine, fallbackBox } from '../draft.ts'
import type { BoxSettings } from './settings.ts'

/** Boxes that are published for VirtualBox only, and the catalogue's images of the same distributions. */
const forVirtualBox: Record<string, string> = {
  'ubuntu/jammy64': 'ubuntu/22.04',
  'ubuntu/noble64': 'ubuntu/24.04',
}

/** The box that these settings come to, with what of them is lost; both absent where no box is named. */
export function boxOf({ name, version, url, checksum, checksumType }: BoxSettings): {
  box?: NonNullable<DraftMachine['box']>
  lost?: string
} {
  if (url !== undefined) return boxAt(url, checksumOf(checksumType ?? '', checksum ?? ''))
  if (name === undefined) return {}
  const same = Object.hasOwn(forVirtualBox, name) ? forVirtualBox[name] : undefined
  if (same !== undefined)
    return { box: same, lost: `${name} is made for VirtualBox only; ${same} is the same distribution` }
  if (!/^[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}$/.test(name))
    return {
      box: fallbackBox,
      lost: `${name} is not the name of a box that can be fetched; the box is ${fallbackBox}`,
    }
  if (version === undefined) return { box: `vagrant:${name}` }
  const wanted = versionOf(version)
  return wanted === undefined
    ? { box: `vagrant:${name}`, lost: `'${version}' is not a valid version` }
    : { box: `vagrant:${name}@${wanted}` }
}

/** `>= 1.2, < 2` as it is, blanks made single. */
function versionOf(written: string): string | undefined {
  const condition = new RegExp(`^(?:=|!=|>=|<=|~>|>|<)? *${boxVersionForm}$`)
  const parts = written
    .slice(0, 200)
    .split(',')
    .map((part) => part.trim().replace(/\s+/g, ' '))
  return parts.every((part) => condition.test(part)) ? parts.join(', ') : undefined
}

function boxAt(url: string, checksum: Checksum | null) {
  const from = url.replace(/^file:\/\//, '')
  if (!/^(?:https?:\/\/|\.{0,2}\/)\S+$/.test(from) || from.length > 1900)
    return { box: fallbackBox, lost: `a box cannot be fetched from there; the box is ${fallbackBox}` }
  if (checksum !== null) return { box: { from, checksum: checksumText(checksum) } }
  return /^https?:/.test(from)
    ? { box: from, lost: 'it has no checksum: posada up asks for one, or for unchecked: true' }
    : { box: from }
}
