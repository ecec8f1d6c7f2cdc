import { type Arch, archs } from '../../lib/values/arch.ts'
import { digestPattern, namePattern, userPattern, versionPattern } from '../../lib/values/box-names.ts'
import { mapOf, oneOf, optional, record, text } from '../../lib/values/shape.ts'

/** What a box of the manifest came to, for one architecture. */
export interface LockedBox {
  name: string
  version: string
  /** SHA-256 of its box.json, in lower-case hexadecimal; it holds the digests of everything else. */
  digest: string
  /** Of a box that was built from a recipe: the digest of the recipe. On each host it is built again. */
  recipe?: string
  /** Of a box that was fetched: where exactly it came from, and `sha256:…` of the file there. */
  url?: string
  checksum?: string
  /** What its file did not say of itself, and was said of it: without it the same file is another box. */
  facts?: LockedFacts
}

export interface LockedFacts {
  description?: string
  user?: string
  firmware?: 'bios' | 'uefi'
  image?: 'qcow2' | 'raw'
}

/** By what the manifest names the box by, then by architecture. */
export type LockedBoxes = Map<string, Map<string, LockedBox>>

/** SHA-256 in lower-case hexadecimal of what URLs led to, by the URLs without credentials: base manifests and scripts. */
export type LockedFiles = Map<string, string>

/** A disk behind some steps, as it lies in a registry. */
export interface LockedLayer {
  /** `oci://registry.example.com/team/shop@sha256:…`. */
  url: string
  /** SHA-256 of its box.json, in lower-case hexadecimal. */
  digest: string
  arch: Arch
}

/** By the SHA-256 of the box and the steps, in lower-case hexadecimal. */
export type LockedLayers = Map<string, LockedLayer>

/** What posada.lock holds. */
export interface Lockfile {
  boxes: LockedBoxes
  files: LockedFiles
  layers: LockedLayers
}

/** As it is written. */
interface LockfileText {
  version: 1
  boxes?: LockedBoxes
  /** `sha256:…` each. */
  files?: Map<string, string>
  layers?: LockedLayers
}

const hash = text({ pattern: digestPattern, problem: 'not a SHA-256 in lower-case hexadecimal' })
const lockedFacts = record<LockedFacts>({
  description: optional(text({ max: 500 })),
  user: optional(text({ pattern: userPattern, problem: 'not a user name' })),
  firmware: optional(oneOf(['bios', 'uefi'])),
  image: optional(oneOf(['qcow2', 'raw'])),
})
const lockedBox = record<LockedBox>({
  name: text({ pattern: namePattern, problem: 'not a name like debian/12' }),
  version: text({ pattern: versionPattern, problem: 'not a version like 20261122.1' }),
  digest: hash,
  recipe: optional(hash),
  // It comes with the repository: no file of this computer is read because of it.
  url: optional(text({ max: 4000, pattern: /^(https?|oci):\/\/\S+$/, problem: 'not an address' })),
  checksum: optional(text({ pattern: /^sha(256|384|512):[0-9a-f]{64,128}$/, problem: 'not a checksum' })),
  facts: optional(lockedFacts),
})
const lockedLayer = record<LockedLayer>({
  url: text({
    max: 1000,
    pattern: /^oci:\/\/\S+@sha256:[0-9a-f]{64}$/,
    problem: 'not the address of a layer',
  }),
  digest: hash,
  arch: oneOf(archs),
})
const lockedFile = text({ pattern: /^sha256:[0-9a-f]{64}$/, problem: 'not sha256: and 64 digits' })

/** Bytes that posada.lock may have. */
export const lockfileLimit = 1024 * 1024

/** The form of posada.lock. */
export const lockfileShape = record<LockfileText>({
  version: oneOf([1]),
  boxes: optional(mapOf(mapOf(lockedBox, { max: 10 }), { max: 1000 })),
  files: optional(mapOf(lockedFile, { max: 1000 })),
  layers: optional(mapOf(lockedLayer, { max: 200 })),
})
