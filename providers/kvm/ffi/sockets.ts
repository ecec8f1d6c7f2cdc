import { libc } from './libc.ts'
import { checked } from './system-call-error.ts'

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
