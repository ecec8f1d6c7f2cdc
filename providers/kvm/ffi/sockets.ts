import { libc } from './libc.ts'
import { checked, uninterrupted } from './system-call-error.ts'

// <sys/socket.h>
const AF_UNIX = 1
const SOCK_STREAM = 1
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_SNDBUF = 7

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
