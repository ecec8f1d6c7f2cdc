import type { Checksum } from '../../lib/values/checksum.ts'
import type { Constraint } from './constraint.ts'

/** Every way to name a box, as parsed from what a user wrote; see `parseBoxSource`. */
export type BoxSource = NamedSource | VagrantSource | FileSource | UrlSource | OciSource

/** `debian/12`, `debian/12@20261122.1`, `debian/12@>= 2026, < 2027`: from the store, a recipe or a catalogue. */
export interface NamedSource {
  kind: 'name'
  name: string
  /** None: the newest. */
  wanted: Constraint[]
}

/** `vagrant:generic/debian12@~> 4.3`: from Vagrant's public catalogue. */
export interface VagrantSource {
  kind: 'vagrant'
  name: string
  wanted: Constraint[]
}

/** `./boxes/shop.tar.zst`: a file, or the folder of a box. */
export interface FileSource {
  kind: 'file'
  /** As written. */
  text: string
  /** Absolute. */
  path: string
}

/** `https://example.com/shop.box#sha256=…`, a box, an image or the catalogue of one. */
export interface UrlSource {
  kind: 'url'
  /** Without the fragment; may hold credentials, so it is only shown through `shownUrl`. */
  url: string
  checksum: Checksum | null
}

/** `oci://registry.example.com/team/shop:1.2`, or `…@sha256:…`. */
export interface OciSource {
  kind: 'oci'
  /** Host, with its port where one was given. */
  registry: string
  repository: string
  /** `latest` where neither tag nor digest was written. */
  tag: string | null
  /** `sha256:…` of the artefact's manifest. */
  digest: string | null
}

/** Where exactly a box came from, so that the same can be got again; without credentials. */
export interface BoxOrigin {
  /** `https://…`, or `oci://…@sha256:…`. */
  url: string
  /** Of the file at `url`, as downloaded; null where `url` itself holds a digest. */
  checksum: Checksum | null
  /** What was said of it besides, and went into its box.json; absent where its file says all. */
  facts?: OriginFacts
}

/** What a file may not say of itself: a part of `BoxFacts`. Name, version and architecture stand in the box's name. */
export interface OriginFacts {
  description?: string
  user?: string
  firmware?: 'bios' | 'uefi'
  image?: 'qcow2' | 'raw'
}
