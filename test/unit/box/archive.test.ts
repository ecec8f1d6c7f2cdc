import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { execa, execaSync } from 'execa'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { boxMembers } from '../../../src/box/archive/box-members.ts'
import { openArchive } from '../../../src/box/archive/open-archive.ts'
import { takeArchive } from '../../../src/box/archive/take-archive.ts'
import { unpackLimit } from '../../../src/box/archive/unpack-limit.ts'
import { sha256OfFile } from '../../../src/lib/files/hash-file.ts'
import { ByteReader } from '../../../src/lib/tar/byte-reader.ts'
import { boxContent, temporaryFolder } from '../../helpers/box-files.ts'
import { cpuSeconds } from '../../helpers/cpu-time.ts'
import { type TarMember, tar } from '../../helpers/tar.ts'

async function* piecesOf(bytes: Buffer) {
  yield bytes
}

const members = (content = boxContent()): TarMember[] =>
  [...content].map(([name, text]) => ({ name, content: text }))

const pax = (key: string, value: string) => {
  const rest = ` ${key}=${value}\n`
  const length = rest.length + String(rest.length + 3).length
  return `${length}${rest}`
}
const sparse = (map: string, size: string) => pax('GNU.sparse.map', map) + pax('GNU.sparse.size', size)

async function take(bytes: Uint8Array) {
  const folder = await temporaryFolder(onTestFinished)
  const archive = join(folder, 'a box.tar')
  await writeFile(archive, bytes)
  const target = join(folder, 'store', 'tmp', 'work')
  await mkdir(target, { recursive: true })
  const names = async () => {
    // Whatever is refused or taken, nothing is made beside the folder that it is unpacked into.
    const all = await readdir(folder, { recursive: true })
    expect(all.filter((name) => !name.startsWith('store/tmp/work/')).sort()).toEqual([
      'a box.tar',
      'store',
      'store/tmp',
      'store/tmp/work',
    ])
    return readdir(target)
  }
  return { target, result: takeArchive(archive, target), names }
}

describe('box archives', () => {
  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['packed with gzip', gzipSync],
  ])('are unpacked: %s', async (_, pack) => {
    const { result, target } = await take(pack(tar(members())))
    await expect(result).resolves.toMatchObject({ name: 'test/one' })
    for (const [name, text] of boxContent()) expect(await readFile(join(target, name), 'utf8')).toBe(text)
  })

  it.each([
    ['GNU tar', 'tar', ['-cf']],
    ['GNU tar with holes', 'tar', ['-S', '-cf']],
    ['GNU tar, pax, with holes', 'tar', ['--format=posix', '-S', '-cf']],
    ['GNU tar, pax 0.1, with holes', 'tar', ['--format=posix', '--sparse-version=0.1', '-S', '-cf']],
    ['GNU tar with zstd', 'tar', ['--zstd', '-cf']],
    ['GNU tar with xz', 'tar', ['-cJf']],
    ['bsdtar, which keeps holes', 'bsdtar', ['-cf']],
    ['bsdtar with gzip', 'bsdtar', ['-czf']],
  ])('made by %s are unpacked, byte for byte', async (what, program, args) => {
    const source = await temporaryFolder(onTestFinished)
    const content = boxContent({}, 'd')
    const disk = join(source, 'root.raw')
    const file = await open(disk, 'w')
    // More holes than fit one header of either form.
    for (let index = 0; index < 60; index++) await file.write(`part ${index}`, index * 131_072)
    await file.truncate(9_000_000)
    await file.close()
    const manifest = JSON.parse(content.get('box.json') ?? '') as { disks: object[] }
    const sha256 = await sha256OfFile(disk)
    manifest.disks = [{ file: 'root.raw', size: 9_000_000, sha256, format: 'raw', virtualSize: 9_000_448 }]
    await writeFile(join(source, 'box.json'), JSON.stringify(manifest))
    await writeFile(join(source, 'login.key'), content.get('login.key') ?? '')
    const archive = join(await temporaryFolder(onTestFinished), 'box')
    await execa(program, [...args, archive, '-C', source, 'box.json', 'root.raw', 'login.key'])
    const target = await temporaryFolder(onTestFinished)
    await takeArchive(archive, target)
    expect(await sha256OfFile(join(target, 'root.raw'))).toBe(sha256)
    const taken = (await stat(join(target, 'root.raw'))).blocks * 512
    if (what.includes('holes')) expect(taken).toBeLessThan(2_000_000)
  })

  it('may name their files as ./file, after the folder itself', async () => {
    const dotted = members().map((member) => ({ ...member, name: `./${member.name}` }))
    const { result } = await take(tar([{ name: './', type: '5' }, ...dotted]))
    await expect(result).resolves.toMatchObject({ name: 'test/one' })
  })

  const [json, disk, key] = members() as [TarMember, TarMember, TarMember]
  const hostile: [string, TarMember[], RegExp][] = [
    ['an absolute name', [json, { ...disk, name: '/etc/passwd' }, key], /not a plain file name/],
    ['a name that leads out', [json, { ...disk, name: '../root.raw' }, key], /not a plain file name/],
    ['a name in a folder', [json, { ...disk, name: 'a/root.raw' }, key], /not a plain file name/],
    ['a symbolic link', [json, { name: 'root.raw', type: '2', link: '/etc/shadow' }, key], /symbolic link/],
    ['a hard link', [json, { name: 'root.raw', type: '1', link: 'login.key' }, key], /hard link/],
    ['a device', [json, { name: 'root.raw', type: '3' }, key], /device/],
    ['a named pipe', [json, { name: 'root.raw', type: '6' }, key], /named pipe/],
    ['a folder', [json, { name: 'more/', type: '5' }, disk, key], /folder/],
    ['many folders', [{ name: './', type: '5' }, { name: './', type: '5' }, json, disk, key], /folders/],
    [
      'another size in an extended header',
      [json, { name: 'x', type: 'x', content: pax('size', '99999999999') }, disk, key],
      /box.json says/,
    ],
    [
      'a name that leads out in an extended header',
      [json, { name: 'x', type: 'x', content: pax('path', '../root.raw') }, disk, key],
      /not a plain file name/,
    ],
    [
      'a long name that leads out',
      [json, { name: 'x', type: 'L', content: `${'../'.repeat(60)}etc/passwd\0` }, disk, key],
      /not a plain file name/,
    ],
    [
      'an endless extended header',
      [json, { name: 'x', type: 'x', size: 1e9 }, disk, key],
      /extended header of/,
    ],
    [
      'an extended header that lies about its length',
      [json, { name: 'x', type: 'x', content: '99 path=root.raw\n' }, disk, key],
      /extended header in it is malformed/,
    ],
    [
      'an extended header for no file',
      [json, ...Array.from({ length: 20 }, () => ({ name: 'x', type: 'x', content: pax('path', 'a') }))],
      /ends with an extended header/,
    ],
    ['a sparse file without a map', [json, { ...disk, type: 'S' }, key], /sparse/],
    [
      'a sparse file whose map goes back',
      [json, { name: 'x', type: 'x', content: sparse('1024,4,0,4', '2000') }, disk, key],
      /sparse/,
    ],
    [
      'a sparse file whose map goes past its end',
      [json, { name: 'x', type: 'x', content: sparse('9000000000,8', '8') }, disk, key],
      /sparse/,
    ],
    [
      'a sparse file larger than announced',
      [json, { name: 'x', type: 'x', content: sparse('0,8', '99999999999999') }, disk, key],
      /box.json says/,
    ],
    ['a file twice', [json, disk, disk, key], /twice/],
    ['box.json twice', [json, json, disk, key], /twice/],
    [
      'a file that box.json does not name',
      [json, disk, key, { name: 'more', content: 'x' }],
      /does not name/,
    ],
    ['more bytes than announced', [json, { ...disk, content: 'x'.repeat(100_000) }, key], /box.json says/],
    ['a size that is not there', [json, disk, { ...key, size: 8 ** 11 - 1 }], /box.json says/],
    ['another first file', [disk, json, key], /first file is not box.json/],
    ['a file too few', [json, disk], /login.key is missing/],
    ['a wrong checksum', [json, { ...disk, checksum: 1 }, key], /checksum/],
    ['an endless box.json', [{ ...json, size: 1e9 }, disk, key], /too large/],
    ['nothing', [], /first file/],
  ]
  it.each(hostile)('are refused with %s', async (_, list, problem) => {
    const { result, names } = await take(tar(list))
    await expect(result).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(problem),
    })
    for (const name of await names()) expect([...boxContent().keys()]).toContain(name)
  })

  it('are refused where the content is not what box.json says', async () => {
    const { result } = await take(tar([json, { ...disk, content: 'the DISK' }, key]))
    await expect(result).rejects.toMatchObject({ code: 'E_BOX_CORRUPT' })
  })

  it('are refused when cut off anywhere, or when they are something else', async () => {
    const whole = tar(members(), { end: false })
    for (const length of [0, 3, 511, 512, 700, whole.length - 513, whole.length]) {
      const { result } = await take(whole.subarray(0, length))
      await expect(result, `cut at ${length}`).rejects.toMatchObject({ code: 'E_BOX_INVALID' })
    }
    for (const bytes of [
      gzipSync(whole).subarray(0, 60),
      Buffer.from('28b52ffd00', 'hex'),
      Buffer.alloc(2000, 7),
    ]) {
      const { result } = await take(bytes)
      await expect(result).rejects.toMatchObject({ code: 'E_BOX_INVALID' })
    }
  })

  it('with a sparse map of many extents are read in time that grows with their number', async () => {
    const read = async (extents: number) => {
      const numbers = Array.from({ length: extents }, (_, index) => `${index * 10_000}\n1\n`).join('')
      const map = `${extents}\n${numbers}`
      const stored = map.padEnd(Math.ceil(map.length / 512) * 512, '\0') + '\0'.repeat(extents)
      const records =
        pax('GNU.sparse.major', '1') + pax('GNU.sparse.minor', '0') + pax('GNU.sparse.realsize', '1000000000')
      const bytes = tar([
        { name: 'x', type: 'x', content: records },
        { name: 'disk', content: stored },
      ])
      const members = boxMembers(new ByteReader(piecesOf(bytes)), 'x')
      expect((await members.next()).value).toMatchObject({ name: 'disk', size: 1_000_000_000 })
      expect(await members.next()).toMatchObject({ done: true })
    }
    await read(2000)
    const few = await cpuSeconds(() => read(12_000))
    const many = await cpuSeconds(() => read(96_000))
    expect(many / few).toBeLessThan(24)
  })

  it('that are headers more than anything else are refused', async () => {
    const long = { name: 'x', type: 'K', content: 'x'.repeat(4 * 2 ** 20) }
    const archive = gzipSync(
      tar([json, ...Array.from({ length: 17 }, () => [long, { ...disk }]).flat(), key]),
    )
    const path = join(await temporaryFolder(onTestFinished), 'box')
    await writeFile(path, archive)
    const count = async () => {
      let members = 0
      for await (const { size } of boxMembers(new ByteReader(openArchive(path)), 'it'))
        members += Math.sign(size)
      return members
    }
    await expect(count()).rejects.toThrow(/headers are too large/)
  })

  it('that are a bomb are refused before they are unpacked', async () => {
    const bomb = gzipSync(tar([json, { ...disk, content: '0'.repeat(50_000_000) }, key]))
    expect(bomb.length).toBeLessThan(100_000)
    const { result, names } = await take(bomb)
    await expect(result).rejects.toMatchObject({ code: 'E_BOX_INVALID' })
    expect(await names()).toEqual(['box.json'])
  })

  it('that announce a bomb, or hide one behind a sound box, are refused', async () => {
    const announced = JSON.parse(json.content ?? '') as { disks: { size: number }[] }
    for (const one of announced.disks) one.size = 2 ** 45
    const first = await take(tar([{ ...json, content: JSON.stringify(announced) }, disk, key]))
    await expect(first.result).rejects.toThrow(/too much for its size/)
    expect(await first.names()).toEqual([])
    const second = await take(gzipSync(Buffer.concat([tar(members()), Buffer.alloc(40_000_000)])))
    await expect(second.result).rejects.toThrow(/data after its end/)
  })

  it('may unpack to 4 GiB, and beyond that to 500 times their size', async () => {
    expect(unpackLimit(1)).toBe(4 * 2 ** 30)
    expect(unpackLimit(10 * 2 ** 20)).toBe(500 * 10 * 2 ** 20)
    const announced = JSON.parse(json.content ?? '') as { disks: { size: number; virtualSize: number }[] }
    for (const one of announced.disks) one.size = one.virtualSize = 4 * 2 ** 30 + 512
    const { result, names } = await take(tar([{ ...json, content: JSON.stringify(announced) }, disk, key]))
    await expect(result).rejects.toThrow(/more than 4GiB, which is too much/)
    expect(await names()).toEqual([])
  })

  it.each([
    ['gzip', gzipSync],
    ['xz', (bytes: Buffer) => execaSync('xz', ['-0'], { input: bytes, encoding: 'buffer' }).stdout],
    ['zstd', (bytes: Buffer) => execaSync('zstd', ['-q'], { input: bytes, encoding: 'buffer' }).stdout],
  ])('packed with %s are read no further than to their limit', async (_, pack) => {
    const path = join(await temporaryFolder(onTestFinished), 'bomb')
    await writeFile(path, pack(Buffer.alloc(20_000_000)))
    let read = 0
    const unpack = async () => {
      for await (const { length } of openArchive(path, { limit: 1_000_000, shown: 'the box' })) read += length
    }
    await expect(unpack()).rejects.toThrow(/^the box is not a box: it unpacks to more than/)
    expect(read).toBeLessThanOrEqual(1_000_000)
  })

  it('that are damaged only behind their last file are noticed by their packing', async () => {
    const packed = gzipSync(tar(members()))
    packed[packed.length - 6] = (packed[packed.length - 6] ?? 0) ^ 1
    const { result } = await take(packed)
    await expect(result).rejects.toThrow(/damaged/)
  })

  it('with any byte of a header changed write nothing but the names of the box', async () => {
    const whole = tar(members())
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ flip
        const { result, names } = await take(bytes)
        const outcome = await result.then(
          () => 'taken',
          (error: { code?: string }) => error.code,
        )
        expect(['taken', 'E_BOX_INVALID', 'E_BOX_CORRUPT']).toContain(outcome)
        for (const name of await names()) expect([...boxContent().keys()]).toContain(name)
      }),
      { numRuns: 150 },
    )
  })
})
