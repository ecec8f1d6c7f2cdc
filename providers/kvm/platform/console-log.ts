import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

/** Where a guest's console goes. */
export interface ConsoleLog {
  append(bytes: Uint8Array): void
  close(): void
}

/**
 * Appends to a file of at most `limit` bytes; one that is full is moved to `<path>.1`, over an older one, so
 * that a guest that floods its console takes twice the limit at most. What the disk does not take (when it is full,
 * say) is reported to `onFailure` once and lost: a console does not stop a machine.
 */
export function openConsoleLog(path: string, limit: number, onFailure: (error: unknown) => void): ConsoleLog {
  let fd = openSync(path, 'a', 0o600)
  let size = fstatSync(fd).size
  let failed = false

  const rotate = () => {
    renameSync(path, `${path}.1`)
    closeSync(fd)
    fd = openSync(path, 'a', 0o600)
    size = 0
  }

  return {
    append(bytes) {
      try {
        for (let at = 0; at < bytes.length; ) {
          if (size >= limit) rotate()
          const written = writeSync(fd, bytes, at, Math.min(bytes.length - at, limit - size))
          at += written
          size += written
        }
        failed = false
      } catch (error) {
        if (!failed) onFailure(error)
        failed = true
      }
    },
    close: () => closeSync(fd),
  }
}
