import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isPosadaError } from '../../../../src/errors/index.ts'
import type { LockedBox } from '../../../../src/project/lockfile/model.ts'
import { readLockfile } from '../../../../src/project/lockfile/read.ts'
import { writeLockfile } from '../../../../src/project/lockfile/write.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'

async function setUp() {
  const path = join(await temporaryFolder(onTestFinished), 'posada.lock')
  const outcome = async (text: string) => {
    await writeFile(path, text)
    return readLockfile(path).then(
      () => 'read',
      (error: unknown) => (isPosadaError(error, 'E_LOCKFILE') ? 'refused' : error),
    )
  }
  return { path, outcome }
}

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((one) => one.join(''))
const locked: fc.Arbitrary<LockedBox> = fc.record(
  {
    name: fc.constantFrom('team/web', 'debian/12', '0/1e5'),
    version: fc.constantFrom('1', '1.10', '20261122.1', '007'),
    digest: hex(64),
    recipe: hex(64),
    url: fc.webUrl({ withQueryParameters: true }),
    checksum: hex(128).map((one) => `sha512:${one}`),
    facts: fc.record(
      {
        description: fc.string({ maxLength: 100 }),
        user: fc.constantFrom('debian', 'no', 'null'),
        firmware: fc.constantFrom('bios' as const, 'uefi' as const),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['name', 'version', 'digest'] },
)

describe('posada.lock', () => {
  it('is read as it was written, whatever stands in it', async () => {
    const { path } = await setUp()
    const archs = fc.dictionary(fc.constantFrom('x86_64', 'aarch64'), locked, { minKeys: 1, maxKeys: 2 })
    const boxes = fc.dictionary(fc.string({ minLength: 1, maxLength: 80 }), archs, { maxKeys: 4 })
    const files = fc.array(fc.tuple(fc.webUrl({ withQueryParameters: true }), hex(64)), { maxLength: 4 })
    const layer = fc.record({
      url: hex(64).map((one) => `oci://registry.example.com/team/shop@sha256:${one}`),
      digest: hex(64),
      arch: fc.constantFrom('x86_64' as const, 'aarch64' as const),
    })
    const kept = fc.array(fc.tuple(hex(64), layer), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(boxes, files, kept, async (written, locked, layers) => {
        const map = new Map(
          Object.entries(written).map(([key, each]) => [key, new Map(Object.entries(each))]),
        )
        const lockfile = { boxes: map, files: new Map(locked), layers: new Map(layers) }
        await writeLockfile(path, lockfile)
        expect(await readLockfile(path)).toEqual(lockfile)
      }),
      { numRuns: 100 },
    )
  })

  it('of any content is read or refused', async () => {
    const { outcome } = await setUp()
    const yaml = fc.array(
      fc.constantFrom(
        'version: 1\n',
        'boxes:',
        ' ',
        '\n',
        '{',
        '}',
        '[',
        ']',
        '&a',
        '*a',
        '!!',
        '? ',
        '- ',
        '|\n',
        "'",
        '"',
        'a/b',
        ': ',
        '<<: ',
        '__proto__',
        '%',
        '\t',
        '---\n',
        '...\n',
        '#',
        '0x1',
      ),
      { maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          yaml.map((parts) => parts.join('')),
        ),
        async (text) => {
          expect(['read', 'refused']).toContain(await outcome(text))
        },
      ),
      { numRuns: 300 },
    )
  })

  it.each([
    ['lists in lists', '['.repeat(100_000)],
    ['lists in lists in a line', `version: 1\nboxes: \n  ${'- '.repeat(100_000)}`],
    ['mappings in mappings', '{a: '.repeat(50_000)],
    ['closed lists in lists', `version: 1\nboxes: ${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    [
      'lines ever further in',
      Array.from({ length: 1400 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''),
    ],
    [
      'many keys',
      `version: 1\nboxes:\n${Array.from({ length: 40_000 }, (_, index) => `  b${index}: {}\n`).join('')}`,
    ],
    ['one key many times', `version: 1\nboxes:\n${'  b: {}\n'.repeat(2)}`],
    ['aliases', `a: &a [x]\nb: &b [${'*a,'.repeat(5000)}]\n`],
  ])('with %s is refused', async (_, text) => {
    const { outcome } = await setUp()
    expect(await outcome(text)).toBe('refused')
  })
})

describe('a lock file that no one could read', () => {
  const files = (count: number, length: number) =>
    new Map(Array.from({ length: count }, (_, n) => [`https://h/${n}/`.padEnd(length, 'x'), '0'.repeat(64)]))

  it.each([
    ['many files', files(1000, 20), files(1001, 20), 'has more than 1000 keys'],
    ['long addresses', files(200, 4000), files(300, 4000), 'it is larger than 1048576 bytes'],
  ])('for %s is not written', async (_, most, more, flaw) => {
    const { path } = await setUp()
    await writeLockfile(path, { boxes: new Map(), files: most, layers: new Map() })
    expect((await readLockfile(path)).files).toEqual(most)
    await expect(
      writeLockfile(path, { boxes: new Map(), files: more, layers: new Map() }),
    ).rejects.toMatchObject({
      code: 'E_LOCKFILE',
      value: path,
      message: expect.stringContaining(flaw),
      hint: expect.any(String),
    })
    expect((await readLockfile(path)).files).toEqual(most)
  })
})
