import { expect, it } from 'vitest'
import { algorithmOfLength, checksumOf, parseChecksum } from '../../../../src/lib/values/checksum.ts'

it('reads a checksum in either spelling, and no weak or cut one', () => {
  const hex = 'AB'.repeat(32)
  expect(parseChecksum(`sha256:${hex}`)).toEqual({ algorithm: 'sha256', hex: hex.toLowerCase() })
  expect(parseChecksum(`sha256=${hex}`)).toEqual(parseChecksum(`sha256:${hex}`))
  expect(checksumOf('SHA-512', 'ab'.repeat(64))).toMatchObject({ algorithm: 'sha512' })
  for (const wrong of [
    `sha256:${hex.slice(1)}`,
    `sha512:${hex}`,
    `md5:${'a'.repeat(32)}`,
    'sha256:',
    hex,
    '__proto__:ab',
  ])
    expect(parseChecksum(wrong)).toBeNull()
  expect(algorithmOfLength(128)).toBe('sha512')
  expect(algorithmOfLength(40)).toBeNull()
})
