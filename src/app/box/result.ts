import { boxFiles, type StoredBox } from '../../box/index.ts'

/** A box, as `posada box` prints it with `--json`. */
export interface BoxResult {
  name: string
  version: string
  arch: string
  /** Lower-case SHA-256 of its box.json, in hexadecimal. */
  digest: string
  description: string
  /** Absolute path of its folder in the store. */
  dir: string
  /** What its files take, in bytes. */
  size: number
}

export function boxResult({ digest, dir, manifest }: StoredBox): BoxResult {
  const { name, version, arch, description } = manifest
  const size = boxFiles(manifest).reduce((sum, file) => sum + file.size, 0)
  return { name, version, arch, digest, description, dir, size }
}
