import { createCipheriv, createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { BoxManifest } from '../../src/box/index.ts'
import { boxContent, describeFile, writeBox } from './box-files.ts'

const MiB = 2 ** 20

/** Bytes that do not get smaller, the same for the same seed. */
export function noise(seed: string, length: number): Buffer {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

export type ChunkedBox = Partial<BoxManifest> & { insert?: boolean; noisy?: number }

/**
 * The folder of a box whose disk has several chunks: `noisy` MiB (10 unless given) that do not get smaller, a hole of
 * 2 MiB, and 2 MiB that get much smaller. `insert` puts a cluster into the first part.
 */
export async function writeChunkedBox(
  folder: string,
  { insert = false, noisy = 10, ...change }: ChunkedBox = {},
): Promise<string> {
  const first = noise('disk', noisy * MiB)
  const parts = insert
    ? [first.subarray(0, (noisy - 4) * MiB), noise('more', 65_536), first.subarray((noisy - 4) * MiB)]
    : [first]
  const last = Buffer.from('the same again; '.repeat((2 * MiB) / 16))
  const disk = Buffer.concat([...parts, Buffer.alloc(2 * MiB), last])
  const sha256 = createHash('sha256').update(disk).digest('hex')
  const described = {
    file: 'root.raw',
    size: disk.length,
    sha256,
    format: 'raw' as const,
    virtualSize: disk.length,
  }
  const initrd = 'an initrd'
  const kernel = {
    kernel: describeFile('vmlinuz', 'a kernel'),
    initrd: describeFile('initrd', initrd),
    cmdline: '',
  }
  await writeBox(folder, boxContent({ disks: [described], kernel, ...change }))
  await writeBox(
    folder,
    new Map([
      ['vmlinuz', 'a kernel'],
      ['initrd', initrd],
    ]),
  )
  const file = await open(join(folder, 'root.raw'), 'w')
  try {
    await file.writeFile(Buffer.concat(parts))
    await file.write(last, 0, last.length, disk.length - last.length)
  } finally {
    await file.close()
  }
  return folder
}
