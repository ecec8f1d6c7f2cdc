/**
 * The bytes of a virtual disk. Offsets and lengths are in bytes; the caller keeps them inside `size`.
 *
 * Calls are synchronous: a disk is served by a thread that does nothing else, and a call that finds its
 * data in the page cache costs a tenth of one that goes through a thread pool and back. Failures of the
 * host (EIO, ENOSPC) are thrown as they come; so is a DiskFault for an image that turns out damaged. A call that
 * failed with ENOSPC or EDQUOT can be made again once there is room.
 */
export interface Disk {
  readonly size: number
  readonly readOnly: boolean
  /** Fills the pieces, one after the other, from `offset` on. */
  read(offset: number, pieces: readonly Uint8Array[]): void
  write(offset: number, pieces: readonly Uint8Array[]): void
  /** The guest no longer needs this range: its space may go back to the host; reads give zeros or old bytes. */
  discard(offset: number, length: number): void
  /** Reads give zeros from now on. Space goes back to the host unless `keep`. */
  writeZeroes(offset: number, length: number, keep: boolean): void
  /** So much is held back for the next flush that one should come soon, whether the guest asks for it or not. */
  readonly needsFlush: boolean
  /** Returns when all that was written before is on stable storage (fdatasync). */
  flush(): void
  /** As `flush`, while the thread does other work; the disk must be left alone until it settles. */
  flushAway(): Promise<void>
  /** Flushes where it may, and closes the files. */
  close(): void
}

/** An image whose inner references make no sense, or that has lost what was written, met while the machine runs. */
export class DiskFault extends Error {
  override readonly name = 'DiskFault'
}
