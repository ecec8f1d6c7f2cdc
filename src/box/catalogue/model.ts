import type { Arch } from '../../lib/values/arch.ts'
import type { Checksum } from '../../lib/values/checksum.ts'
import type { BoxFacts } from '../model.ts'

/** Boxes that can be fetched, by name. */
export type Catalogue = Map<string, CatalogueBox>

export interface CatalogueBox {
  name: string
  /** In no order. */
  versions: CatalogueVersion[]
  /** Providers of the box that no version has an image of ours for: `virtualbox`. Empty in our own format. */
  foreign: string[]
}

export interface CatalogueVersion {
  /** null: what stands at its address changes; its version is the day of the file. */
  version: string | null
  images: CatalogueImage[]
}

export interface CatalogueImage {
  arch: Arch
  /** `https://…` or `oci://…`. */
  url: string
  checksum: Checksum | null
  /** Where the checksum stands: SHA256SUMS, SHA512SUMS, CHECKSUM; null where `checksum` or nothing is known. */
  checksums: string | null
  /** What the file itself does not say. */
  facts: BoxFacts
}

/** Bytes that a catalogue or a file of checksums may have. */
export const catalogueLimit = 8 * 1024 * 1024
