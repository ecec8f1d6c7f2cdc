import koffi from 'koffi'
import { expect, it } from 'vitest'
import { loadKoffi } from '../../../../src/lib/native/koffi.ts'

it('is the very koffi that its own loader finds', () => {
  const loaded = loadKoffi()
  expect(loaded.version).toBe(koffi.version)
  loaded.errno(7)
  expect(koffi.errno()).toBe(7)
})
