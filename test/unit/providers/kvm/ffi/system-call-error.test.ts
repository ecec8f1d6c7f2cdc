import koffi from 'koffi'
import { expect, test } from 'vitest'
import { uninterrupted } from '../../../../../providers/kvm/ffi/system-call-error.ts'

/** Calls that fail with these errnos, one after the other, and then return 7. */
function failing(...errnos: number[]): () => number {
  return () => {
    const errno = errnos.shift()
    if (errno === undefined) return 7
    koffi.errno(errno)
    return -1
  }
}

const { EINTR, EBUSY } = koffi.os.errno as Record<'EINTR' | 'EBUSY', number>

test('a call that signals interrupt is made again, until it is done or fails of something else', () => {
  expect(uninterrupted('ioctl', failing(EINTR, EINTR))).toBe(7)
  expect(() => uninterrupted('ioctl', failing(EINTR, EBUSY))).toThrow('ioctl failed: EBUSY')
})
