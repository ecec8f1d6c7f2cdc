import { PosadaError } from '../../../src/errors/index.ts'
import { tryLock } from '../../../src/lib/native/flock.ts'
import { type Disk, DiskFault } from './disk.ts'
import { HostFile } from './host-file.ts'

/** Bytes of zeros written at a time where holes cannot be punched. */
const zeroes = new Uint8Array(65536)

/** A file whose bytes are the disk's. What is past its last whole sector does not count. */
export class RawDisk implements Disk {
  readonly size: number
  readonly readOnly: boolean
  readonly needsFlush = false
  readonly #file: HostFile

  constructor(path: string, options: { readOnly: boolean }) {
    this.#file = new HostFile(path, options)
    this.readOnly = options.readOnly
    this.size = this.#file.size - (this.#file.size % 512)
    if (this.readOnly || tryLock(this.#file.fd, path)) return
    this.#file.close()
    throw new PosadaError('E_DISK_IN_USE', `${path} is in use by another process`, {
      value: path,
      hint: 'stop the machine that uses the disk',
    })
  }

  read(offset: number, pieces: readonly Uint8Array[]): void {
    this.#file.read(offset, pieces)
  }

  write(offset: number, pieces: readonly Uint8Array[]): void {
    if (this.readOnly) throw new DiskFault('the image is open for reading only')
    this.#file.write(offset, pieces)
  }

  discard(offset: number, length: number): void {
    if (this.readOnly) throw new DiskFault('the image is open for reading only')
    this.#file.punch(offset, length)
  }

  writeZeroes(offset: number, length: number, keep: boolean): void {
    if (this.readOnly) throw new DiskFault('the image is open for reading only')
    if (!keep && this.#file.punch(offset, length)) return
    for (let done = 0; done < length; done += zeroes.length) {
      this.#file.write(offset + done, [zeroes.subarray(0, length - done)])
    }
  }

  flush(): void {
    if (!this.readOnly) this.#file.sync()
  }

  async flushAway(): Promise<void> {
    if (!this.readOnly) await this.#file.syncAway()
  }

  close(): void {
    try {
      this.flush()
    } finally {
      this.#file.close()
    }
  }
}
