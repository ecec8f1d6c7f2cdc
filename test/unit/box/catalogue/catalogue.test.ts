import { describe, expect, it } from 'vitest'
import { builtInCatalogue } from '../../../../src/box/catalogue/built-in.ts'
import { chooseImage } from '../../../../src/box/catalogue/choose.ts'
import type { Catalogue } from '../../../../src/box/catalogue/model.ts'
import { parseCatalogue } from '../../../../src/box/catalogue/parse-catalogue.ts'
import { parseConstraints } from '../../../../src/box/source/constraint.ts'

const hex = 'ab'.repeat(32)
const parse = (data: unknown) =>
  parseCatalogue(
    typeof data === 'string' ? data : JSON.stringify(data),
    'https://boxes.test/c/index.json',
    'it',
  )
const choose = (catalogue: Catalogue, name: string, wanted = '', arch: 'x86_64' | 'aarch64' = 'x86_64') => {
  const box = catalogue.get(name)
  if (box === undefined) throw new Error(`no ${name}`)
  return chooseImage(box, { wanted: wanted === '' ? [] : (parseConstraints(wanted) ?? []), arch })
}

const own = (images: unknown, more = {}) => ({
  format: 1,
  boxes: { 'team/web': { description: 'x', versions: [{ version: '1.0', images }], ...more } },
})

describe('a catalogue of our own form', () => {
  it('gives images with absolute addresses, checksums and what the file does not say', () => {
    const catalogue = parse(
      own({ x86_64: { url: '../web.qcow2', checksum: `sha256:${hex}`, firmware: 'uefi' } }, { user: 'web' }),
    )
    expect(choose(catalogue, 'team/web')).toEqual({
      arch: 'x86_64',
      url: 'https://boxes.test/web.qcow2',
      checksum: { algorithm: 'sha256', hex },
      checksums: null,
      facts: {
        name: 'team/web',
        version: '1.0',
        arch: 'x86_64',
        description: 'x',
        user: 'web',
        firmware: 'uefi',
      },
    })
  })

  it('may write its versions with a v', () => {
    const one = {
      format: 1,
      boxes: {
        'team/web': { description: 'x', versions: [{ version: 'v1.2.3', images: { x86_64: { url: 'x' } } }] },
      },
    }
    expect(choose(parse(one), 'team/web', '1.2.3').facts.version).toBe('1.2.3')
  })

  it.each([
    ['no JSON', '{"format": 1,', 'it is not JSON'],
    ['nothing', '', 'it is not JSON'],
    ['a list', '[]', 'the whole'],
    ['another format', { format: 2, boxes: {} }, 'format'],
    ['a weak checksum', own({ x86_64: { url: 'x', checksum: 'md5:abc' } }), 'checksum'],
    ['an unknown key', own({ x86_64: { url: 'x', sha: 'y' } }), 'sha: is not a known key'],
    ['an unknown architecture', own({ mips: { url: 'x' } }), 'mips'],
    [
      'a bad name',
      { format: 1, boxes: { '../etc': { description: '', versions: [{ images: {} }] } } },
      'is not a name',
    ],
    ['no versions', { format: 1, boxes: { 'a/b': { description: '', versions: [] } } }, 'versions'],
    ['a bad address', own({ x86_64: { url: 'http://[' } }), 'not an address'],
    ['nesting without end', '['.repeat(200_000), 'it is not JSON'],
    ['nesting that is closed', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 'the whole'],
    ['a prototype', '{"format":1,"boxes":{},"__proto__":{"a":1}}', 'not a known key'],
  ])('with %s is refused', (_, data, message) => {
    expect(() => parse(data)).toThrow(
      expect.objectContaining({ code: 'E_CATALOGUE', message: expect.stringContaining(message) }),
    )
  })
})

const provider = (more = {}) => ({
  name: 'libvirt',
  url: 'https://boxes.test/x.box',
  checksum: hex,
  checksum_type: 'sha256',
  ...more,
})
const vagrant = (versions: unknown[]) => ({ name: 'Team/Web', description: 'x', versions })

describe('a catalogue of Vagrant’s form', () => {
  it('gives the libvirt box of the newest version, by architecture, with its checksum', () => {
    const catalogue = parse(
      vagrant([
        { version: '1.9.0', providers: [provider({ url: 'old.box' })] },
        {
          version: '1.10.0',
          status: 'active',
          description_html: '<p>',
          providers: [
            { name: 'virtualbox', url: 'https://boxes.test/vb.box' },
            provider({ architecture: 'arm64', url: 'arm.box', checksum_type: 'md5' }),
            provider({ architecture: 'amd64', url: 'new.box', default_architecture: true }),
          ],
        },
        { version: '2.0.0-beta1', providers: [provider()] },
        { version: '3.0.0', status: 'revoked', providers: [provider()] },
      ]),
    )
    expect(choose(catalogue, 'team/web')).toMatchObject({
      url: 'https://boxes.test/c/new.box',
      checksum: { hex },
      facts: { name: 'Team/Web', version: '1.10.0', arch: 'x86_64' },
    })
    expect(choose(catalogue, 'team/web', '~> 1.9.0')).toMatchObject({ facts: { version: '1.9.0' } })
    expect(choose(catalogue, 'team/web', '', 'aarch64')).toMatchObject({ checksum: null })
    expect(() => choose(catalogue, 'team/web', '~> 1.9.0', 'aarch64')).toThrow(
      expect.objectContaining({ code: 'E_BOX_ARCH' }),
    )
    expect(() => choose(catalogue, 'team/web', '>= 2')).toThrow(
      expect.objectContaining({ code: 'E_BOX_VERSION', hint: 'newest versions: 2.0.0-beta1, 1.10.0, 1.9.0' }),
    )
    expect(choose(catalogue, 'team/web', '2.0.0-beta1').facts.version).toBe('2.0.0-beta1')
  })

  it('reads versions with a v and of RubyGems, and takes a pre-release where there is nothing else', () => {
    const versions = (...all: string[]) =>
      parse(vagrant(all.map((version) => ({ version, providers: [provider()] }))))
    expect(choose(versions('v1.2.3', 'v1.10.0', 'nightly'), 'team/web').facts.version).toBe('1.10.0')
    expect(choose(versions('v1.2.3'), 'team/web', 'v1.2.3').facts.version).toBe('1.2.3')
    const early = versions('1.0.0.rc9', '1.0.0.rc10')
    expect(choose(early, 'team/web').facts.version).toBe('1.0.0-rc10')
    expect(choose(early, 'team/web', '>= 1.0.0-rc1, < 1.0.0-rc10').facts.version).toBe('1.0.0-rc9')
    expect(() => choose(early, 'team/web', '>= 0.1')).toThrow(
      expect.objectContaining({ code: 'E_BOX_VERSION' }),
    )
  })

  it('without a box for libvirt says for what there is one', () => {
    const catalogue = parse(vagrant([{ version: '1', providers: [provider({ name: 'virtualbox' })] }]))
    expect(() => choose(catalogue, 'team/web')).toThrow(
      expect.objectContaining({ code: 'E_BOX_INVALID', message: expect.stringContaining('virtualbox') }),
    )
  })

  it('with a thousand versions is read, with ten thousand and one not', () => {
    const many = (count: number) =>
      vagrant(
        Array.from({ length: count }, (_, index) => ({ version: `1.${index}`, providers: [provider()] })),
      )
    expect(choose(parse(many(1000)), 'team/web').facts.version).toBe('1.999')
    expect(() => parse(many(10_001))).toThrow(expect.objectContaining({ code: 'E_CATALOGUE' }))
  })
})

describe('the catalogue that comes with Posada', () => {
  it('has each distribution, for both architectures where it is made for both, over https and checked', async () => {
    const catalogue = await builtInCatalogue()
    const groups = new Set([...catalogue.keys()].map((name) => name.split('/')[0]))
    expect([...groups].sort()).toEqual(['alpine', 'arch', 'debian', 'fedora', 'opensuse', 'rocky', 'ubuntu'])
    for (const { name, versions } of catalogue.values())
      for (const { images } of versions) {
        const archs = images.map(({ arch }) => arch)
        expect({ name, archs }).toEqual({
          name,
          archs: name === 'arch/latest' ? ['x86_64'] : ['x86_64', 'aarch64'],
        })
        for (const { url, checksum, checksums } of images) {
          expect(url).toMatch(/^https:\/\//)
          expect(checksum !== null || /^https:/.test(checksums ?? '')).toBe(true)
        }
      }
  })

  it('leaves the names of recipes to them', async () => {
    const { listRecipes } = await import('../../../../src/box/recipe/recipes.ts')
    const catalogue = await builtInCatalogue()
    for (const { name } of await listRecipes()) expect(catalogue.has(name)).toBe(false)
  })
})
