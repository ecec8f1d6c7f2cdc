import { describe, expect, it } from 'vitest'
import { parseBoxSource, sourceText } from '../../../../src/box/source/parse-source.ts'

const hex = 'ab'.repeat(32)
const parse = (text: string) => parseBoxSource(text, '/home/me/shop')

describe('parsing what names a box', () => {
  it.each([
    ['debian/12', { kind: 'name', name: 'debian/12', wanted: [] }],
    [
      'debian/12@20261122.1',
      { kind: 'name', name: 'debian/12', wanted: [{ operator: '=', version: '20261122.1' }] },
    ],
    [
      'debian/12@>= 2026, ~>2026.1',
      {
        kind: 'name',
        wanted: [
          { operator: '>=', version: '2026' },
          { operator: '~>', version: '2026.1' },
        ],
      },
    ],
    [
      'vagrant:Generic/Debian12@~> 4.3',
      { kind: 'vagrant', name: 'Generic/Debian12', wanted: [{ operator: '~>', version: '4.3' }] },
    ],
    ['./boxes/x.tar', { kind: 'file', text: './boxes/x.tar', path: '/home/me/shop/boxes/x.tar' }],
    ['../x.box', { kind: 'file', path: '/home/me/x.box' }],
    ['/srv/x.box', { kind: 'file', path: '/srv/x.box' }],
    ['https://example.com/x.box', { kind: 'url', url: 'https://example.com/x.box', checksum: null }],
    [
      `https://example.com/x.box#sha256=${hex.toUpperCase()}`,
      { kind: 'url', url: 'https://example.com/x.box', checksum: { algorithm: 'sha256', hex } },
    ],
    [`http://mirror.lan/x.box#sha256=${hex}`, { kind: 'url' }],
    ['http://127.0.0.1:8080/x.box', { kind: 'url' }],
    [
      'oci://registry.lan:5000/team/box:1.2',
      { kind: 'oci', registry: 'registry.lan:5000', repository: 'team/box', tag: '1.2', digest: null },
    ],
    ['oci://ghcr.io/box', { tag: 'latest', digest: null }],
    [`oci://ghcr.io/box@sha256:${hex}`, { tag: null, digest: `sha256:${hex}` }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toMatchObject(expected)
  })

  it.each([
    'debian',
    'debian/12@',
    'debian/12@new',
    'debian/12@>=',
    'Debian/12',
    'a/b/c',
    'ftp://example.com/x',
    'file:///etc/passwd',
    'http://example.com/x.box',
    'https://',
    'https://example.com/x#md5=00',
    'oci://ghcr.io',
    'oci:///box',
    'oci://ghcr.io/Box',
    'oci://ghcr.io/../box',
    'oci://ghcr.io/box:a:b',
    'oci://ghcr.io/box@sha256:12',
    'oci://user@ghcr.io/box',
    'vagrant:debian',
    `debian/${'x'.repeat(3000)}`,
  ])('%s is refused', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'E_BOX_SOURCE' }))
  })

  it('never shows or writes down what a URL holds of passwords', () => {
    const secret = parse('https://me:hunter2@example.com/x.box')
    expect(secret).toMatchObject({ url: 'https://me:hunter2@example.com/x.box' })
    expect(sourceText(secret)).toBe('https://example.com/x.box')
    const wrong = () => parse('https://me:hunter2@example.com/x.box#sha256=1')
    expect(wrong).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }))
    expect(() => parse('ftp://me:hunter2@example.com/x')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    )
  })

  it.each([
    'debian/12',
    'debian/12@20261122.1',
    'debian/12@>= 2026, < 2027',
    'vagrant:generic/debian12@~> 4.3',
    './x.box',
    'oci://ghcr.io/box:1',
    `oci://ghcr.io/box:1@sha256:${hex}`,
    'https://example.com/x.box?channel=a',
  ])('%s is written as it was read', (text) => {
    expect(sourceText(parse(text))).toBe(text)
  })
})

describe('a password that somebody wrote into an address', () => {
  it.each([
    'oci://me:secret@registry.example.com/team/shop:1',
    'oci://me:se/cret@registry.example.com/team/shop:1',
    'oci://me:se@cret@registry.example.com/team/shop:1',
    'ftp://me:secret@example.com/shop.box',
    'https://me:secret@example.com/shop.box#nothing',
  ])('is not shown: %s', (text) => {
    const failure = (() => {
      try {
        parseBoxSource(text, '/')
      } catch (error) {
        return JSON.stringify(error) + String(error)
      }
      throw new Error('it was taken')
    })()
    expect(failure).toContain('example.com')
    expect(failure).not.toContain('cret')
  })
})
