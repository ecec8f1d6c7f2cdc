const MiB = 2 ** 20

/** A bzImage with one setup sector, whose kernel is 8 KiB of 0xcc; wants to run at 16 MiB and needs 4 MiB. */
export function bzImage(): Buffer {
  const image = Buffer.alloc(1024 + 8192, 0xcc)
  image.fill(0, 0, 1024)
  image[0x1f1] = 1
  image.writeUInt32LE(8192 / 16, 0x1f4)
  image.writeUInt16LE(0xaa55, 0x1fe)
  image[0x201] = 0x6a
  image.write('HdrS', 0x202)
  image.writeUInt16LE(0x20f, 0x206)
  image.writeUInt32LE(0x7fffffff, 0x22c)
  image[0x234] = 1
  image.writeUInt16LE(1, 0x236)
  image.writeUInt32LE(2047, 0x238)
  image.writeBigUInt64LE(BigInt(16 * MiB), 0x258)
  image.writeUInt32LE(4 * MiB, 0x260)
  return image
}

/** An ELF with a segment of 4 KiB for 1 MiB, 8 KiB there, and a PVH note. */
export function vmlinux(): Buffer {
  const image = Buffer.alloc(64 + 2 * 56 + 20 + 4096, 0xdd)
  image.fill(0, 0, 64 + 2 * 56)
  image.write('\x7fELF', 0, 'latin1')
  image[4] = 2
  image[5] = 1
  image.writeUInt16LE(62, 18)
  image.writeBigUInt64LE(64n, 32)
  image.writeUInt16LE(56, 54)
  image.writeUInt16LE(2, 56)
  const header = (at: number, values: number[]) => {
    const [type = 0, offset = 0, address = 0, fileSize = 0, memorySize = 0] = values
    image.writeUInt32LE(type, at)
    for (const [field, value] of [
      [8, offset],
      [24, address],
      [32, fileSize],
      [40, memorySize],
    ] as const) {
      image.writeBigUInt64LE(BigInt(value), at + field)
    }
  }
  header(64, [1, 196, MiB, 4096, 8192])
  header(120, [4, 176, 0, 20, 20])
  const note = [4, 4, 18].flatMap((value) => [value, 0, 0, 0])
  image.set([...note, ...Buffer.from('Xen\0'), 0x10, 0x20, 0x30, 0], 176)
  return image
}
