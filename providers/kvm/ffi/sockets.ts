import { libc } from './libc.ts'
import { withScratch } from './memory.ts'
import { checked, uninterrupted } from './system-call-error.ts'

// <sys/socket.h>
const AF_UNIX = 1
const SOCK_STREAM = 1
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SCM_RIGHTS = 1
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000

/**
 * Two Unix stream sockets that are joined, both closed on exec. The second takes up to `unread` bytes that the first has
 * yet to read, or as many as the host allows (net.core.wmem_max); the first as many as is usual.
 */
export function socketPair(unread?: number): [number, number] {
  const pair = new Int32Array(2)
  checked('socketpair', libc().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
  const [one = -1, other = -1] = pair
  if (unread === undefined) return [one, other]
  const size = new Int32Array([unread])
  checked('setsockopt', libc().setsockopt(other, SOL_SOCKET, SO_SNDBUF, size, size.byteLength))
  return [one, other]
}

/** Bytes of the path in struct sockaddr_un, with its terminating zero (unix(7)). */
const longestPath = 108

/** Connects to the Unix stream socket at `path`; the descriptor is closed on exec. @throws SystemCallError */
export function connectTo(path: string): number {
  const name = Buffer.from(path)
  if (name.length >= longestPath) throw new Error(`the path of a socket is too long: ${path}`)
  const address = Buffer.alloc(2 + longestPath)
  address.writeUInt16LE(AF_UNIX, 0)
  address.set(name, 2)
  const fd = checked('socket', libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
  try {
    uninterrupted('connect', () => libc().connect(fd, address, address.length), path)
    return fd
  } catch (error) {
    libc().close(fd)
    throw error
  }
}

/** struct msghdr, struct iovec, and struct cmsghdr without its data, on x86-64 (<bits/socket.h>). */
const at = { message: 0, piece: 56, control: 72, descriptors: 88 } as const

/**
 * Sends bytes over a Unix stream socket, and descriptors with them, which the receiver has as its own; all of it or
 * nothing. @throws SystemCallError, EAGAIN where the receiver has not read enough
 */
export function sendWithDescriptors(fd: number, bytes: Uint8Array, descriptors: readonly number[]): void {
  const control = at.descriptors - at.control + 4 * descriptors.length
  const data = at.descriptors + 8 * Math.ceil(descriptors.length / 2)
  const sent = withScratch(data + bytes.length, (address, memory) => {
    const pointer = (offset: number, to: number) => memory.writeBigUInt64LE(BigInt(address + to), offset)
    pointer(at.message + 16, at.piece)
    memory.writeUInt32LE(1, at.message + 24)
    pointer(at.message + 32, at.control)
    memory.writeUInt32LE(control, at.message + 40)
    pointer(at.piece, data)
    memory.writeUInt32LE(bytes.length, at.piece + 8)
    memory.writeUInt32LE(control, at.control)
    memory.writeInt32LE(SOL_SOCKET, at.control + 8)
    memory.writeInt32LE(SCM_RIGHTS, at.control + 12)
    for (const [index, one] of descriptors.entries()) memory.writeInt32LE(one, at.descriptors + 4 * index)
    memory.set(bytes, data)
    return uninterrupted('sendmsg', () => libc().sendmsg(fd, address, MSG_DONTWAIT | MSG_NOSIGNAL))
  })
  if (sent !== bytes.length) throw new Error(`sendmsg sent ${sent} of ${bytes.length} bytes`)
}
