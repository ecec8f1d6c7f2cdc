import { getSystemErrorName } from 'node:util'
import { loadKoffi } from './koffi.ts'

/** sendmsg(2), unix(7), cmsg(3): Linux and macOS number one constant and size two lengths differently. */
const isLinux = process.platform === 'linux'
const SOL_SOCKET = isLinux ? 1 : 0xffff
const SCM_RIGHTS = 1

/**
 * Writes `bytes` to a Unix socket, and with them descriptors, of which the receiver gets ones of its own. All bytes have to
 * fit the socket's buffer: a command does. Throws system errors, EAGAIN where they do not fit.
 */
export function sendDescriptors(socket: number, bytes: Uint8Array, descriptors: readonly number[]): void {
  const koffi = loadKoffi()
  const length = isLinux ? 'size_t' : 'uint32_t'
  const vector = koffi.struct({ base: 'void *', length: 'size_t' })
  const message = koffi.struct({
    ...{ name: 'void *', nameLength: 'uint32_t' },
    ...{ vectors: koffi.pointer(vector), count: isLinux ? 'size_t' : 'int' },
    ...{ control: 'void *', controlLength: length, flags: 'int' },
  })
  const sendmsg = koffi.load(null).func('sendmsg', 'intptr_t', ['int', koffi.pointer(message), 'int'])
  const control = rights(descriptors)
  const sent: number = sendmsg(
    socket,
    {
      ...{ name: null, nameLength: 0, vectors: [{ base: bytes, length: bytes.length }], count: 1 },
      ...{ control, controlLength: control.length, flags: 0 },
    },
    0,
  )
  if (sent === bytes.length) return
  const code = sent < 0 ? getSystemErrorName(-koffi.errno()) : 'EAGAIN'
  throw Object.assign(new Error(`${code}: sendmsg`), { code, syscall: 'sendmsg' })
}

/** One control message, with its padding. */
function rights(descriptors: readonly number[]): Uint8Array {
  const [head, unit] = isLinux ? [16, 8] : [12, 4]
  const length = head + 4 * descriptors.length
  const bytes = new DataView(new ArrayBuffer(Math.ceil(length / unit) * unit))
  bytes.setUint32(0, length, true)
  bytes.setUint32(head - 8, SOL_SOCKET, true)
  bytes.setUint32(head - 4, SCM_RIGHTS, true)
  for (const [index, one] of descriptors.entries()) bytes.setUint32(head + 4 * index, one, true)
  return new Uint8Array(bytes.buffer)
}
