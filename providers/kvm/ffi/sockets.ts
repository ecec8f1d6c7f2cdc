import { libc } from './libc.ts'
import { checked } from './system-call-error.ts'

// <sys/socket.h>
const AF_UNIX = 1
const SOCK_STREAM = 1
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_SNDBUF = 7

/**
 * Two Unix stream sockets that are joined, both closed on exec. Each takes up to `unread` bytes that the other has yet to
 * read, or as many as the host allows (net.core.wmem_max).
 */
export function socketPair(unread: number): [number, number] {
  const pair = new Int32Array(2)
  checked('socketpair', libc().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
  const [one = -1, other = -1] = pair
  const size = new Int32Array([unread])
  for (const socket of pair) {
    checked('setsockopt', libc().setsockopt(socket, SOL_SOCKET, SO_SNDBUF, size, size.byteLength))
  }
  return [one, other]
}
