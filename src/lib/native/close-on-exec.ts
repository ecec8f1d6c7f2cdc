import { readdirSync } from 'node:fs'
import { loadKoffi } from './koffi.ts'

/** fcntl(2): these have the same values on all Linux architectures. */
const F_SETFD = 2
const FD_CLOEXEC = 1

/**
 * Keeps every descriptor that this process has from the programs it starts. Node does so with its own, but of those it
 * was started with only up to 16 or the first gap behind that (libuv, `uv_disable_stdio_inheritance`): `exec 200>lock`
 * in a shell would be held by whatever the command leaves running. The first three are given to a child by name. Linux
 * only: elsewhere libuv starts programs without any other descriptor.
 */
export function closeAllOnExec(): void {
  if (process.platform !== 'linux') return
  const fcntl = loadKoffi().load(null).func('int fcntl(int fd, int command, ...)')
  // The one that the folder itself was read by is closed by now, which fcntl says and does not matter.
  for (const name of readdirSync('/proc/self/fd')) {
    if (Number(name) > 2) fcntl(Number(name), F_SETFD, 'int', FD_CLOEXEC)
  }
}
