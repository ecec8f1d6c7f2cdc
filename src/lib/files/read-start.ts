import { open } from 'node:fs/promises'

/** The first bytes of a file, as many as a qcow2 image has its header in (64 KiB), and how large it is. */
export async function readStart(path: string): Promise<{ start: Buffer; size: number }> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const start = Buffer.alloc(Math.min(size, 65536))
    let got = 0
    while (got < start.length) {
      const { bytesRead } = await file.read(start, got, start.length - got, got)
      if (bytesRead === 0) break
      got += bytesRead
    }
    return { start: start.subarray(0, got), size }
  } finally {
    await file.close()
  }
}
