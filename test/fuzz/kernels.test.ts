import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { openImage } from '../../providers/kvm/boot/kernel-file.ts'
import { loadKernel } from '../../providers/kvm/boot/load-kernel.ts'
import { unpackLz4Legacy } from '../../providers/kvm/boot/lz4.ts'
import { trimKernel } from '../../providers/kvm/boot/trim-kernel.ts'
import { unpackKernel } from '../../providers/kvm/boot/unpack-kernel.ts'
import { isPosadaError } from '../../src/errors/index.ts'
import { PlainMemory } from '../helpers/guest-memory.ts'
import { bzImage, vmlinux } from '../helpers/kernel-images.ts'
import { inFolder } from './folder.ts'
import { fuzz, type Target } from './fuzz.ts'
import { patched } from './source.ts'

const regions = [
  { base: 0, size: 24 * 2 ** 20 },
  { base: 2 ** 32, size: 2 ** 20 },
]

/** For all of them: what one leaves there is of no concern to the next. */
const memory = new PlainMemory({ regions, window: 2 ** 20 })

/** A bzImage whose payload is a packed kernel. */
function packedKernel(): Buffer {
  const packed = gzipSync(vmlinux())
  const image = bzImage()
  image.set(packed, 1024 + 64)
  image.writeUInt32LE(64, 0x248)
  image.writeUInt32LE(packed.length, 0x24c)
  return image
}

/** What a kernel, and an initrd, can be: refused by its code, or loaded into RAM; whichever, in reasonable room. */
function loading(sound: Buffer): Target {
  return (source) =>
    inFolder((folder) => {
      const [kernel, initrd] = [join(folder, 'kernel'), join(folder, 'initrd')]
      // What follows a header is of no concern.
      const image = patched(source, sound, [0, 0x1f0, 0x240, 32, 54, 72, 88, 96, 104, 128, 152])
      writeFileSync(kernel, image)
      writeFileSync(initrd, Buffer.alloc(source.pick([0, 1, 5000]), 1))
      try {
        const { general } = loadKernel(memory, { kernel, initrd, cmdline: 'quiet' })
        expect(general.rip).toBeGreaterThanOrEqual(0)
      } catch (error) {
        // E_VALUE_INVALID: the kernel says that it takes no command line as long as this one.
        if (!isPosadaError(error, 'E_KERNEL_INVALID', 'E_MEMORY_TOO_SMALL', 'E_VALUE_INVALID')) throw error
      }
      const file = openImage(kernel)
      try {
        const unpacked = unpackKernel(file)
        if (unpacked !== null)
          expect(trimKernel(Uint8Array.from(unpacked)).length).toBeLessThanOrEqual(unpacked.length)
      } catch (error) {
        if (!isPosadaError(error, 'E_KERNEL_INVALID')) throw error
      } finally {
        file.close()
      }
      const whole = image.length
      expect(trimKernel(image).length).toBeLessThanOrEqual(whole)
    })
}

describe('a kernel that is none', () => {
  fuzz('bzImage', loading(bzImage()))
  fuzz('packed bzImage', loading(packedKernel()))
  fuzz('vmlinux', loading(vmlinux()))

  fuzz('lz4', (source) => {
    const blocks = Array.from({ length: 1 + source.below(3) }, () => {
      const block = source.bytes(source.below(200))
      const length = Buffer.alloc(4)
      length.writeUInt32LE(source.below(8) === 0 ? source.number(4) : block.length)
      return Buffer.concat([length, block])
    })
    const limit = source.number(2)
    const magic = Buffer.from([0x02, 0x21, 0x4c, 0x18])
    const unpacked = unpackLz4Legacy(Buffer.concat([magic, ...blocks]), limit)
    if (unpacked !== null) expect(unpacked.length).toBeLessThanOrEqual(limit)
  })
})
