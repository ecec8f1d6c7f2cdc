import { posix } from 'node:path'

/** A file of another tool. */
export interface ForeignFile {
  /** As the user named it; its last part helps to tell what it is. */
  name: string
  text: string
  /** Its folder as the manifest will name it: `.`, `../other`, or absolute. */
  folder: string
}

/** The path of a file beside another tool's, as a manifest names it. */
export function inFolder(folder: string, path: string): string {
  const joined = path.startsWith('/') ? path : posix.join(folder, path)
  return /^\.{0,2}\//.test(joined) ? joined : `./${joined}`
}
