import { expect, test } from 'vitest'
import { checkContentEncoding } from '../../../src/http/content-encoding.ts'

const check =
  (encoding: string | undefined, path = '/box.tar') =>
  () =>
    checkContentEncoding({
      headers: encoding === undefined ? {} : { 'content-encoding': encoding },
      url: new URL(path, 'https://h'),
    })

test.each([undefined, '', 'identity', 'Identity', 'IDENTITY, identity'])(
  '%s is not an encoding',
  (encoding) => {
    expect(check(encoding)).not.toThrow()
  },
)

test.each(['gzip', 'GZip', 'br', 'identity, gzip', 'zstd'])('%s is refused', (encoding) => {
  expect(check(encoding)).toThrow(expect.objectContaining({ code: 'E_TRANSFER' }))
})

test('a .gz is gzip', () => {
  for (const path of ['/box.tar.gz', '/BOX.TGZ?x=1'])
    for (const encoding of ['gzip', 'x-gzip']) expect(check(encoding, path)).not.toThrow()
  expect(check('br', '/box.tar.gz')).toThrow()
})
