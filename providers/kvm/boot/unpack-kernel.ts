import { gunzipSync } from 'node:zlib'
import { isElf } from './elf.ts'
import type { ImageFile } from './kernel-file.ts'
import { unpackLz4Legacy } from './lz4.ts'
import { headerRegion, parseSetupHeader } from './setup-header.ts'

/** Offsets in the setup header: where the packed kernel is, from the protected-mode kernel on (boot.rst). */
const payload = { offset: 0x248, length: 0x24c } as const
/** Larger than any distribution's kernel. */
const unpackedLimit = 256 * 2 ** 20

/**
 * The uncompressed kernel (vmlinux) inside a bzImage, or null where its compression is not supported
 * here, which is not a failure: a bzImage unpacks itself.
 *
 * @throws PosadaError E_KERNEL_INVALID when the file is not a bzImage
 */
export function unpackKernel(file: ImageFile): Uint8Array | null {
  const start = file.read(0, headerRegion)
  const header = parseSetupHeader(start, file.size, file.path)
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  const offset = view.getUint32(payload.offset, true)
  const length = view.getUint32(payload.length, true)
  if (length < 8 || offset + length > header.kernelSize) return null
  const packed = file.read(header.kernelOffset + offset, length)
  // The unpacked size comes last: gzip puts it there, and the kernel's build appends it to the output of others.
  const size = new DataView(packed.buffer, packed.byteOffset, packed.byteLength).getUint32(
    packed.length - 4,
    true,
  )
  if (packed.length < length || size === 0 || size > unpackedLimit) return null
  const kernel = unpack(packed, size)
  return kernel !== null && kernel.length === size && isElf(kernel) ? kernel : null
}

function unpack(packed: Uint8Array, size: number): Uint8Array | null {
  if (packed[0] === 0x1f && packed[1] === 0x8b) return gunzip(packed, size)
  return unpackLz4Legacy(packed.subarray(0, packed.length - 4), size)
}

function gunzip(packed: Uint8Array, size: number): Uint8Array | null {
  try {
    return gunzipSync(packed, { maxOutputLength: size })
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null
    throw error
  }
}
