import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { convertDisk } from '../../../../src/box/formats/convert-disk.ts'
import { fetchBox, openBoxStore, parseBoxSource } from '../../../../src/box/index.ts'
import type { BoxFacts } from '../../../../src/box/model.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'
import { hasQemuImg, inFolder, qemuImg, qemuImgCheck } from '../../../helpers/qemu-img.ts'
import { tar } from '../../../helpers/tar.ts'

const size = 3 * 2 ** 30 + 512

/** A disk of 3 GiB and a sector with something at its beginning, in the middle and at its end. */
async function makeDisk(path: string): Promise<void> {
  const file = await open(path, 'w')
  await file.truncate(size)
  for (const offset of [0, 70_000, 2 ** 29 - 100, 2 ** 30 + 123_456, 2 * 2 ** 30, size - 512])
    await file.write(Buffer.alloc(500, `at ${offset} `), 0, 500, offset)
  await file.close()
}

async function places() {
  const folder = await temporaryFolder(onTestFinished)
  const { signal } = new AbortController()
  let count = 0
  const add = (path: string, facts: BoxFacts = {}) => {
    const store = openBoxStore(join(folder, `store ${count++}`))
    const context = {
      store,
      arch: 'x86_64',
      emit: () => undefined,
      signal,
      env: {},
      catalogues: [],
      facts,
    } as const
    return fetchBox(parseBoxSource(path, folder), context)
  }
  const left = async () => (await readdir(folder, { recursive: true })).filter((one) => /tmp\/./.test(one))
  return { folder, add, left }
}

describe.skipIf(!hasQemuImg)('a disk image of another hypervisor', () => {
  it.each([
    ['vmdk', []],
    ['vmdk', ['-o', 'subformat=streamOptimized']],
    ['vdi', []],
    ['vhdx', []],
    ['vpc', ['-o', 'subformat=dynamic,force_size=on']],
  ])('of the format %s %j is converted', async (format, options) => {
    const { folder, add, left } = await places()
    const disk = join(folder, 'disk.raw')
    await makeDisk(disk)
    const path = join(folder, `Shop.${format === 'vpc' ? 'vhd' : format}`)
    qemuImg('convert', '-f', 'raw', '-O', format, ...options, disk, path)
    const { dir, manifest } = await add(path)
    expect(manifest).toMatchObject({ name: 'local/shop', disks: [{ file: 'root.qcow2', format: 'qcow2' }] })
    const image = join(dir, 'root.qcow2')
    expect(qemuImgCheck(image)).toMatchObject({ status: 0 })
    expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', disk, image)).toMatch(/identical/)
    // What is zero takes no room.
    expect((await readFile(image)).length).toBeLessThan(2 ** 21)
    expect(await left()).toEqual([])
  })

  it('that unpacks to more than it may is refused, and takes no room', async () => {
    const { folder } = await places()
    const [disk, from, to] = ['disk.raw', 'disk.vdi', 'root.qcow2'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await writeFile(disk, Buffer.alloc(2 ** 23, 'noise '))
    qemuImg('convert', '-f', 'raw', '-O', 'vdi', disk, from)
    const { signal } = new AbortController()
    const options = { from, to, format: 'vdi', shown: 'x', signal } as const
    await expect(convertDisk({ ...options, limit: 2 ** 20 })).rejects.toThrow(/unpacks to more than 1MiB/)
    expect((await readdir(folder)).sort()).toEqual(['disk.raw', 'disk.vdi'])
    await convertDisk({ ...options, limit: 2 ** 24 })
    expect((await readFile(to)).length).toBeGreaterThan(2 ** 23)
  })

  it('is the same box however it was written', async () => {
    const { folder, add } = await places()
    const disk = join(folder, 'disk.raw')
    await makeDisk(disk)
    const digests = new Set<string>()
    for (const options of [[], ['-o', 'subformat=streamOptimized']]) {
      const path = join(folder, 'shop.vmdk')
      await rm(path, { force: true })
      qemuImg('convert', '-f', 'raw', '-O', 'vmdk', ...options, disk, path)
      digests.add((await add(path)).digest)
    }
    expect(digests.size).toBe(1)
  })

  it.each([
    [
      'that names the files which hold the disk',
      (folder: string) => {
        const path = join(folder, 'flat.vmdk')
        qemuImg('create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicFlat', path, '8M')
        return path
      },
      /names files that hold the disk/,
    ],
    [
      'that does so inside of an image',
      async (folder: string) => {
        const path = join(folder, 'hidden.vmdk')
        qemuImg('create', '-q', '-f', 'vmdk', path, '8M')
        const file = await open(path, 'r+')
        await file.write(Buffer.alloc(8), 0, 8, 12)
        const descriptor =
          '# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 1 FLAT "/etc/passwd" 0\n'
        await file.write(Buffer.from(descriptor.padEnd(10_240, '\0')), 0, 10_240, 512)
        await file.close()
        return path
      },
      /data is in other files/,
    ],
    [
      'that lies on a base',
      (folder: string) => {
        const [base, path] = [join(folder, 'base.vmdk'), join(folder, 'delta.vmdk')]
        qemuImg('create', '-q', '-f', 'vmdk', base, '8M')
        qemuImg('create', '-q', '-f', 'vmdk', '-b', base, '-F', 'vmdk', path)
        return path
      },
      /differences from another image/,
    ],
    [
      'that is damaged',
      async (folder: string) => {
        const path = join(folder, 'short.vhdx')
        await writeFile(path, 'vhdxfile'.padEnd(5000, 'x'))
        return path
      },
      /qemu-img cannot read it/,
    ],
  ])('%s is refused', async (_, make, problem) => {
    const { folder, add, left } = await places()
    await expect(add(await make(folder))).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(problem),
    })
    expect(await left()).toEqual([])
  })
})

describe.skipIf(!hasQemuImg)('a packed disk image', () => {
  let qcow2: Buffer
  beforeAll(() =>
    inFolder(async (folder) => {
      const path = join(folder, 'x')
      qemuImg('create', '-q', '-f', 'qcow2', path, '8M')
      qcow2 = await readFile(path)
    }),
  )
  const pack = async (program: string, bytes: Buffer) =>
    Buffer.from((await execa(program, ['-c'], { input: bytes, encoding: 'buffer' })).stdout)

  it.each(['gzip', 'xz', 'zstd'])('with %s is unpacked', async (program) => {
    const { folder, add, left } = await places()
    const path = join(folder, 'shop.qcow2.packed')
    await writeFile(path, await pack(program, qcow2))
    const { dir, manifest } = await add(path)
    expect(manifest.disks).toMatchObject([{ file: 'root.qcow2', format: 'qcow2', virtualSize: 8 * 2 ** 20 }])
    expect((await readFile(join(dir, 'root.qcow2'))).equals(qcow2)).toBe(true)
    expect(await left()).toEqual([])
  })

  it('may be raw where that is said, and one to convert', async () => {
    const { folder, add } = await places()
    const raw = Buffer.alloc(2 ** 21)
    raw.write('boot', 1000)
    await writeFile(join(folder, 'disk.raw'), raw)
    await writeFile(join(folder, 'a.raw.gz'), gzipSync(raw))
    const { dir } = await add(join(folder, 'a.raw.gz'), { image: 'raw' })
    expect((await readFile(join(dir, 'root.raw'))).equals(raw)).toBe(true)
    qemuImg('convert', '-f', 'raw', '-O', 'vdi', join(folder, 'disk.raw'), join(folder, 'a.vdi'))
    await writeFile(join(folder, 'a.vdi.gz'), gzipSync(await readFile(join(folder, 'a.vdi'))))
    const converted = await add(join(folder, 'a.vdi.gz'))
    expect(
      qemuImg(
        'compare',
        '-f',
        'raw',
        '-F',
        'qcow2',
        join(folder, 'disk.raw'),
        join(converted.dir, 'root.qcow2'),
      ),
    ).toMatch(/identical/)
  })

  it('that is cut short is refused', async () => {
    const { folder, add, left } = await places()
    await writeFile(join(folder, 'cut.gz'), gzipSync(qcow2).subarray(0, -20))
    await expect(add(join(folder, 'cut.gz'))).rejects.toMatchObject({ code: 'E_BOX_INVALID' })
    expect(await left()).toEqual([])
  })
})

describe('what is not a disk', () => {
  const iso = Buffer.alloc(40_000)
  iso.write('\x01CD001', 32768, 'latin1')
  const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614\nsize 12345\n'
  const things: [string, string | Buffer, RegExp][] = [
    ['a tar archive', tar([{ name: 'README', content: 'x' }]), /tar archive/],
    ['an ISO image', iso, /ISO image/],
    ['a web page', '\n <!doctype HTML><title>404</title>', /web page/],
    ['an answer in XML', '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', /web page/],
    ['a Git LFS pointer', lfs, /Git LFS pointer/],
    ['an answer in JSON', '{"error":"gone"}', /JSON/],
    ['a zip archive', 'PK\x03\x04'.padEnd(600, 'x'), /zip/],
    ['a 7-Zip archive', Buffer.from('377abcaf271c0004', 'hex'), /7-Zip/],
    ['a bzip2 file', 'BZh91AY'.padEnd(600, 'x'), /bzip2/],
    ['a script', '#!/bin/sh\nexit\n', /script/],
  ]
  it.each(things)('%s is refused, as a raw disk too, with what it is', async (_, content, what) => {
    const { folder, add, left } = await places()
    const path = join(folder, 'thing')
    await writeFile(path, content)
    for (const facts of [{}, { image: 'raw' }] as const)
      await expect(add(path, facts)).rejects.toMatchObject({
        code: 'E_BOX_INVALID',
        message: expect.stringMatching(what),
        hint: expect.stringMatching(/./),
      })
    expect(await left()).toEqual([])
  })

  it('an appliance (OVA) is refused with how to get at its disk', async () => {
    const { folder, add } = await places()
    const path = join(folder, 'shop.ova')
    await writeFile(
      path,
      tar([
        { name: 'shop.ovf', content: '<Envelope/>' },
        { name: 'shop.vmdk', content: 'KDMV' },
      ]),
    )
    await expect(add(path)).rejects.toMatchObject({
      message: expect.stringContaining('OVA'),
      hint: expect.stringContaining('tar xf'),
    })
  })

  it('unknown content is not a box', async () => {
    const { folder, add } = await places()
    await writeFile(join(folder, 'x'), 'x'.repeat(600))
    await expect(add(join(folder, 'x'))).rejects.toMatchObject({
      hint: expect.stringContaining('--image raw'),
    })
  })
})
