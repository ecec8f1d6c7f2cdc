import { join } from 'node:path'
import type { Arch } from '../lib/values/arch.ts'

/**
 * Every name in the box store:
 * `sha256/<digest>/` a box: box.json and its files, never changed once it is there;
 * `refs/<name>/<version>/<arch>.json` which digest a name leads to;
 * `places/<key>/<name>/<version>/<arch>.json` the same for a box that was named by where it is (the key
 * is made from that) and that has not been asked for by the name that it gives itself;
 * `stamps/<digest>.json` how the files looked when they were last hashed;
 * `users/<digest>/*.json` the machines that stand on it, or are being made from it;
 * `chunks/<digest>.json` what parts it has in a registry;
 * `downloads/` what is partly fetched, for the next command to resume;
 * `tmp/` what is being made, each folder named after its process.
 */
export interface StorePaths {
  root: string
  contents: string
  content(digest: string): string
  boxJson(digest: string): string
  refs: string
  refsOf(place: string | null, name: string): string
  places: string
  /** Null: the box bears its name. */
  ref(place: string | null, slot: { name: string; version: string; arch: Arch }): string
  stamps: string
  stamp(digest: string): string
  users: string
  chunks(digest: string): string
  downloads: string
  tmp: string
}

export function storePaths(root: string): StorePaths {
  const contents = join(root, 'sha256')
  const refs = join(root, 'refs')
  const places = join(root, 'places')
  const stamps = join(root, 'stamps')
  const below = (place: string | null) => (place === null ? refs : join(places, place))
  return {
    root,
    contents,
    content: (digest) => join(contents, digest),
    boxJson: (digest) => join(contents, digest, boxJsonName),
    refs,
    refsOf: (place, name) => join(below(place), name),
    places,
    ref: (place, { name, version, arch }) => join(below(place), name, version, `${arch}.json`),
    stamps,
    stamp: (digest) => join(stamps, `${digest}.json`),
    users: join(root, 'users'),
    chunks: (digest) => join(root, 'chunks', `${digest}.json`),
    downloads: join(root, 'downloads'),
    tmp: join(root, 'tmp'),
  }
}

/** The file that makes a folder a box. */
export const boxJsonName = 'box.json'
