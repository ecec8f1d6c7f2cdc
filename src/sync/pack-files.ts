import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createDeflate } from 'node:zlib'
import { readHost } from './host-scan.ts'
import { type TarItem, tarEnd, tarHead, tarLength, tarPadding } from './tar-pack.ts'

/** A file, folder or link of the host that is sent. */
export interface Sending extends TarItem {
  digest: string
}

export interface Packing {
  spoiled: string[]
  /** Told what more is packed: bytes of contents, and whole items. */
  onPacked?: ((bytes: number, items: number) => void) | undefined
}

/**
 * A tar archive of files of `root`, of exactly the length that `tarLength` says, whatever becomes of them meanwhile: names of
 * those that turned out to be other than was said are added to `spoiled`.
 */
export async function* packFiles(
  root: string,
  items: readonly Sending[],
  { spoiled, onPacked }: Packing,
): AsyncGenerator<Buffer> {
  for (const item of items) {
    yield tarHead(item)
    if (item.kind !== 'file') {
      onPacked?.(0, 1)
      continue
    }
    const hash = createHash('sha256')
    let left = item.size
    try {
      for await (const bytes of readHost(root, item.name, item)) {
        hash.update(bytes)
        left -= bytes.length
        yield bytes
        onPacked?.(bytes.length, 0)
      }
    } catch (error) {
      if (!(error instanceof Error) || !('syscall' in error)) throw error
    }
    if (left > 0 || hash.digest('hex') !== item.digest) spoiled.push(item.name)
    for (; left > 0; left -= Math.min(left, 65_536)) yield Buffer.alloc(Math.min(left, 65_536))
    yield tarPadding(item.size)
    onPacked?.(0, 1)
  }
  yield tarEnd
}

/** Bytes of the archive. */
export function packedSize(items: readonly Sending[]): number {
  return items.reduce((sum, item) => sum + tarLength(item), tarEnd.length)
}

/** It, in one piece, deflated. */
export async function deflate(archive: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  await pipeline(archive, createDeflate({ level: 1 }), async (deflated: AsyncIterable<Buffer>) => {
    for await (const bytes of deflated) pieces.push(bytes)
  })
  return Buffer.concat(pieces)
}
