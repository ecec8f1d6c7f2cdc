import { open } from 'node:fs/promises'
import { readQcow2Header, u64 } from '../../lib/disk/qcow2-header.ts'
import { readStart } from '../../lib/files/read-start.ts'

/** What an image says of itself and of its base; a string says why it cannot be one. Throws system errors. */
export async function qcow2Facts(path: string): Promise<{ size: number; base: string | null } | string> {
  const { start, size } = await readStart(path)
  const header = readQcow2Header(start, size)
  return typeof header === 'string' ? header : { size: header.size, base: header.backingName }
}

/**
 * Has an image that has a base name it by another path: in its header, where the name is the last thing in the first
 * cluster. The base itself has to be the same. Source: QEMU, docs/interop/qcow2.rst, "Header".
 *
 * @param name of at most 1023 bytes
 */
export async function renameBase(path: string, name: string): Promise<void> {
  const bytes = Buffer.from(name)
  const file = await open(path, 'r+')
  try {
    const header = Buffer.alloc(24)
    await file.read(header, 0, header.length, 0)
    const offset = u64(header, 8)
    const cluster = 2 ** header.readUInt32BE(20)
    if (offset === 0 || bytes.length > 1023 || offset + bytes.length > cluster)
      throw new Error(`no room for the name of a base in ${path}`)
    header.writeUInt32BE(bytes.length, 16)
    await file.write(bytes, 0, bytes.length, offset)
    await file.write(header, 0, header.length, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}
