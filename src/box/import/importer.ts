import type { Emit } from '../../events/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import type { BoxFacts, BoxManifest } from '../model.ts'

/** A file that a box is to be made from. It is hostile, and has been checked against its checksum where it has one. */
export interface BoxFileInput {
  path: string
  /** What to call it in messages: the path or the address that the user gave. */
  shown: string
  /** Lower-case hexadecimal, of the whole file, where it was hashed on its way. */
  sha256: string | null
  /** Whether it is ours: it may be renamed into the box instead of being copied. */
  ours: boolean
}

export interface ImportOptions {
  /** What is known from outside; what is missing and the file does not say is made up by `nameFacts`. */
  facts: BoxFacts
  /** The architecture of a file that does not say its own. */
  arch: Arch
  emit: Emit
  signal: AbortSignal
}

/** One kind of file that boxes are made from: Posada's own archive, a Vagrant box, a disk image. */
export interface BoxImporter {
  /** For messages: `a Vagrant box`. */
  what: string
  /** Whether the file is of this kind, by what is in it and not by its name. E_BOX_INVALID where that cannot be told. */
  recognises(input: BoxFileInput, options: ImportOptions): Promise<boolean>
  /**
   * Fills the empty folder `target` with box.json and the files that it names, whose sizes and digests
   * are right; nothing outside of it is written, nothing but the file is read. The same file and facts
   * give the same box.json to the byte, for its digest stands in lock files. E_BOX_INVALID, E_BOX_CORRUPT.
   */
  fill(input: BoxFileInput, target: string, options: ImportOptions): Promise<BoxManifest>
}
