export interface CpioFile {
  /** Without a leading slash. */
  name: string
  mode: number
  content?: Uint8Array | string
}

/**
 * An archive that the kernel takes as initramfs. Source: Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst, "newc".
 */
export function cpioArchive(files: readonly CpioFile[]): Buffer {
  const entries = files.map((file, index) => entry(file, index + 1))
  return Buffer.concat([...entries, entry({ name: 'TRAILER!!!', mode: 0 }, 0)])
}

function entry({ name, mode, content = '' }: CpioFile, inode: number): Buffer {
  const body = Buffer.from(content)
  const fields = [inode, mode, 0, 0, 1, 0, body.length, 0, 0, 0, 0, name.length + 1, 0]
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
  return Buffer.concat([padded(Buffer.from(`${header}${name}\0`)), padded(body)])
}

/** To the next multiple of 4. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}
