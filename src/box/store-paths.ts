import { join } from 'node:path'
import type { BoxArch } from './model.ts'

/**
 * Every name in the box store:
 * `sha256/<digest>/` a box: box.json and its files, never changed once it is there;
 * `refs/<name>/<version>/<arch>.json` which digest a name leads to;
 * `stamps/<digest>.json` how the files looked when they were last hashed;
 * `chunks/<digest>.json` what parts it has in a registry;
 * `downloads/` what is partly fetched, to be gone on with by the next command;
 * `tmp/` what is being made, each folder named after its process.
 */
export interface StorePaths {
  root: string
  contents: string
  content(digest: string): string
  boxJson(digest: string): string
  refs: string
  refsOf(name: string): string
  ref(name: string, version: string, arch: BoxArch): string
  stamps: string
  stamp(digest: string): string
  chunks(digest: string): string
  downloads: string
  tmp: string
}

export function storePaths(root: string): StorePaths {
  const contents = join(root, 'sha256')
  const refs = join(root, 'refs')
  const stamps = join(root, 'stamps')
  return {
    root,
    contents,
    content: (digest) => join(contents, digest),
    boxJson: (digest) => join(contents, digest, boxJsonName),
    refs,
    refsOf: (name) => join(refs, name),
    ref: (name, version, arch) => join(refs, name, version, `${arch}.json`),
    stamps,
    stamp: (digest) => join(stamps, `${digest}.json`),
    chunks: (digest) => join(root, 'chunks', `${digest}.json`),
    downloads: join(root, 'downloads'),
    tmp: join(root, 'tmp'),
  }
}

/** The file that makes a folder a box. */
export const boxJsonName = 'box.json'
