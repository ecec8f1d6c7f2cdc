import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { isErrno } from '../files/errno.ts'

export type Koffi = typeof import('koffi')

const { platform, arch } = process
const nativePart = `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`

/**
 * Loads koffi, which calls functions of the system's libraries; it takes milliseconds, so only what calls pays for it.
 * Its native part is taken by itself where npm has put it: koffi's own loader looks through six files and Node's
 * executable before it comes to the same, two thirds of the time, and does so in each thread.
 */
export function loadKoffi(): Koffi {
  const require = createRequire(import.meta.url)
  try {
    return require(nativePart) as Koffi
  } catch (error) {
    // Laid out otherwise, or for another C library than this system's: koffi itself knows.
    if (!isErrno(error, 'MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED')) throw error
    return require('koffi') as Koffi
  }
}

/** The folders that it is loaded from. */
export function koffiFolders(): string[] {
  const require = createRequire(import.meta.url)
  return [nativePart, 'koffi'].flatMap((name) => {
    try {
      const file = require.resolve(name)
      return [name === nativePart ? dirname(dirname(file)) : dirname(file)]
    } catch (error) {
      if (isErrno(error, 'MODULE_NOT_FOUND')) return []
      throw error
    }
  })
}
