import type { StreamWindow } from './stream-window.ts'

/** QEMU's TARGET_PAGE_SIZE, on x86_64 and aarch64. */
export const pageSize = 4096

/** Told of what the stream has, in order. */
export interface Sorted {
  /** A page of the main memory, by its place in it; `bytes` are of the window. */
  page(place: number, bytes: Buffer): void
  /** One that is all zeros. */
  zero(place: number): void
  /** Bytes of the stream, by their place, that are not of pages of the main memory. */
  kept(start: number, end: number): void
}

/** Source: QEMU, migration/savevm.c (QEMU_VM_…) and migration/ram.c (RAM_SAVE_FLAG_…), the same from 2.6 to 10. */
const section = {
  start: 1,
  part: 2,
  end: 3,
  subsection: 5,
  configuration: 7,
  command: 8,
  footer: 0x7e,
} as const
const flag = { zero: 2, size: 4, page: 8, end: 0x10, again: 0x20 } as const
const pageBits = 'configuration/target-page-bits'

/**
 * Sorts a migration stream of QEMU's into the pages of the machine's main memory, which has `size` bytes, and the rest,
 * which is a migration stream again. Returns that memory's name in it; null where the stream has what is not known here.
 */
export async function sortStream(stream: StreamWindow, size: number, to: Sorted): Promise<string | null> {
  const ram = new RamSections(stream, size, to)
  if ((await stream.u32()) !== 0x5145564d || (await stream.u32()) !== 3) return null
  for (let id: number | null = null; ; ) {
    const type = await stream.u8()
    if (type === section.configuration) {
      await stream.skip(await stream.u32())
      while ((await stream.peek()) === section.subsection) {
        await stream.skip(1)
        if ((await stream.text()) !== pageBits) return null
        await stream.skip(8)
      }
    } else if (type === section.command) {
      // That the machine stands still, from 10.0 on: a number and a length.
      await stream.skip(2)
      await stream.skip((await stream.take(2)).readUInt16BE())
    } else if (type === section.start && id === null) {
      id = await stream.u32()
      if ((await stream.text()) !== 'ram') return null
      await stream.skip(8)
      if (!(await ram.read())) return null
    } else if (type === section.part || type === section.end) {
      if ((await stream.u32()) !== id || !(await ram.read())) return null
    } else return null
    if (type > section.end) continue
    if ((await stream.u8()) !== section.footer || (await stream.u32()) !== id) return null
    ram.keepTo(stream.place)
    if (type !== section.end) continue
    ram.keepTo(stream.size)
    return ram.main
  }
}

/** What the sections of memory have in them. */
class RamSections {
  /** The name of the main memory. */
  main: string | null = null
  readonly #stream: StreamWindow
  readonly #size: number
  readonly #to: Sorted
  #block = ''
  #kept = 0

  constructor(stream: StreamWindow, size: number, to: Sorted) {
    this.#stream = stream
    this.#size = size
    this.#to = to
  }

  /** One section's; false where it makes no sense. */
  async read(): Promise<boolean> {
    for (const stream = this.#stream; ; ) {
      const start = stream.place
      // There are as many of these as the machine has pages: nothing is waited for that is there.
      const head = stream.take(8)
      const word = u64(head instanceof Promise ? await head : head)
      const flags = word % pageSize
      const place = word - flags
      if (flags === flag.end) return true
      if (flags === flag.size) {
        if (!(await this.#readBlocks(place))) return false
        continue
      }
      if ((flags & flag.again) === 0) this.#block = await stream.text()
      const kind = flags & ~flag.again
      if (kind !== flag.zero && kind !== flag.page) return false
      const length = kind === flag.zero ? 1 : pageSize
      const content = stream.take(length)
      const bytes = content instanceof Promise ? await content : content
      if (this.#block !== this.main) continue
      if (place + pageSize > this.#size) return false
      this.keepTo(start)
      this.#kept = stream.place
      if (kind === flag.page) this.#to.page(place, bytes)
      else if (bytes[0] === 0) this.#to.zero(place)
      else return false
    }
  }

  /** Whatever has not been told of yet, up to a place in the stream, is of the rest. */
  keepTo(end: number): void {
    if (end > this.#kept) this.#to.kept(this.#kept, end)
    this.#kept = Math.max(this.#kept, end)
  }

  /** The names and sizes of all memories: video memory and firmware are such, too. */
  async #readBlocks(total: number): Promise<boolean> {
    const stream = this.#stream
    for (let left = total; left > 0; ) {
      const name = await stream.text()
      const length = u64(await stream.take(8))
      if (length === 0 || length > left) return false
      left -= length
      if (length !== this.#size) continue
      if (this.main !== null || !/^[a-z][\w.-]{0,62}$/.test(name)) return false
      this.main = name
    }
    return this.main !== null
  }
}

function u64(bytes: Buffer): number {
  return bytes.readUInt32BE() * 2 ** 32 + bytes.readUInt32BE(4)
}
