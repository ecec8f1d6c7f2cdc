import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { inspectDisk } from '../../../../src/box/formats/inspect-disk.ts'
import { openBoxStore } from '../../../../src/box/index.ts'
import { sha256OfFile } from '../../../../src/lib/files/hash-file.ts'
import { boxContent, temporaryFolder, writeBox } from '../../../helpers/box-files.ts'
import { hasQemuImg, qemuImg } from '../../../helpers/qemu-img.ts'

const inspect = (path: string, format: 'raw' | 'qcow2') => inspectDisk(path, { format, shown: 'root.img' })

describe.skipIf(!hasQemuImg)('a qcow2 image', () => {
  const make = async (...args: string[]) => {
    const path = join(await temporaryFolder(onTestFinished), 'root.qcow2')
    qemuImg('create', '-q', '-f', 'qcow2', ...args, path, '8M')
    return path
  }
  const change = async (path: string, offset: number, bytes: number[]) => {
    const file = await open(path, 'r+')
    await file.write(Buffer.from(bytes), 0, bytes.length, offset)
    await file.close()
  }

  it.each([
    ['of version 3', []],
    ['of version 2', ['-o', 'compat=0.10']],
    ['packed with zstd', ['-o', 'compression_type=zstd']],
    ['with extended L2 entries', ['-o', 'extended_l2=on,cluster_size=128k']],
    ['with large clusters', ['-o', 'cluster_size=2M']],
  ])('%s is fine', async (_, args) => {
    expect(await inspect(await make(...args), 'qcow2')).toEqual({ virtualSize: 8 * 2 ** 20 })
  })

  it('on another image is refused, whatever that is', async () => {
    const path = await make('-b', '/etc/passwd', '-F', 'raw', '-u')
    await expect(inspect(path, 'qcow2')).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringContaining('/etc/passwd'),
    })
  })

  it('with its data in another file is refused', async () => {
    const folder = await temporaryFolder(onTestFinished)
    const path = join(folder, 'root.qcow2')
    const option = `data_file=${join(folder, 'data')},data_file_raw=on`
    qemuImg('create', '-q', '-f', 'qcow2', '-o', option, path, '8M')
    await expect(inspect(path, 'qcow2')).rejects.toThrow(/another file/)
    // The name alone, without the feature that makes it count.
    await change(path, 72, [0, 0, 0, 0, 0, 0, 0, 0])
    await expect(inspect(path, 'qcow2')).rejects.toThrow(/another file/)
  })

  it('with snapshots is refused', async () => {
    const path = await make()
    qemuImg('snapshot', '-c', 'one', path)
    await expect(inspect(path, 'qcow2')).rejects.toThrow(/snapshots/)
  })

  it.each<[string, number, number[], RegExp]>([
    ['encrypted', 32, [0, 0, 0, 1], /encrypted/],
    ['marked as damaged', 79, [2], /corrupt/],
    ['with a feature that is not known', 79, [0x40], /unknown features/],
    ['with a feature of the upper half', 72, [1], /unknown features/],
    ['of version 4', 7, [4], /version 4/],
    ['with clusters of a byte', 23, [0], /clusters/],
    ['of 16 EiB', 24, [255, 255, 255, 255, 255, 255, 254, 0], /a size of/],
    ['of 32 TiB', 24, [0, 0, 32, 0, 0, 0, 0, 0], /L1 table is too small/],
    ['of half a sector', 31, [1], /a size of/],
    ['with its L1 table past the end', 40, [0, 0, 1, 0, 0, 0, 0, 0], /L1 table is not inside/],
    ['with a huge L1 table', 36, [255, 255, 255, 255], /L1 table of/],
    ['with the name of a base past the end', 8, [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9], /name of its base/],
    ['with extensions out of order', 100, [0, 0, 0, 3], /extensions/],
  ])('%s is refused', async (_, offset, bytes, problem) => {
    const path = await make()
    await change(path, offset, bytes)
    await expect(inspect(path, 'qcow2')).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(problem),
    })
  })

  it('that was cut short is refused, wherever that was', async () => {
    const folder = await temporaryFolder(onTestFinished)
    const [raw, packed, plain, cut] = ['raw', 'packed', 'plain', 'cut'].map((name) => join(folder, name))
    await writeFile(raw ?? '', Buffer.alloc(300_000, 'posada'))
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', raw ?? '', plain ?? '')
    qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', raw ?? '', packed ?? '')
    for (const whole of [plain ?? '', packed ?? '']) {
      const bytes = await readFile(whole)
      expect(await inspect(whole, 'qcow2')).toEqual({ virtualSize: 300_032 })
      for (let length = 512; length < bytes.length - 65536; length += 4096) {
        await writeFile(cut ?? '', bytes.subarray(0, length))
        await expect(inspect(cut ?? '', 'qcow2')).rejects.toMatchObject({ code: 'E_BOX_INVALID' })
      }
    }
  })

  it('with any bytes of its header changed is taken or refused, and nothing else', async () => {
    const path = await make()
    const bytes = fc.array(fc.nat(255), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.nat(111), bytes, async (offset, change) => {
        const file = await open(path, 'r+')
        const before = Buffer.alloc(change.length)
        await file.read(before, 0, before.length, offset)
        await file.write(Buffer.from(change), 0, change.length, offset)
        const outcome = await inspect(path, 'qcow2').then(
          ({ virtualSize }) => virtualSize % 512,
          (error: { code?: string }) => error.code,
        )
        expect([0, 'E_BOX_INVALID']).toContain(outcome)
        await file.write(before, 0, before.length, offset)
        await file.close()
      }),
      { numRuns: 300 },
    )
  })

  it('said to be raw is refused', async () => {
    await expect(inspect(await make(), 'raw')).rejects.toThrow(/not a raw image/)
  })

  it.each(['vmdk', 'vdi', 'vhdx', 'vpc', 'qed'])(
    'that is really %s is refused with what to do',
    async (format) => {
      const path = join(await temporaryFolder(onTestFinished), 'root.img')
      qemuImg('create', '-q', '-f', format, path, '8M')
      for (const said of ['raw', 'qcow2'] as const)
        await expect(inspect(path, said)).rejects.toMatchObject({
          code: 'E_BOX_INVALID',
          hint: expect.stringContaining(`qemu-img convert -f ${format}`),
        })
    },
  )
})

describe('a raw image', () => {
  const make = async (content: string | Buffer) => {
    const path = join(await temporaryFolder(onTestFinished), 'root.img')
    await writeFile(path, content)
    return path
  }

  it('has the size of its file, in whole sectors', async () => {
    expect(await inspect(await make('x'.repeat(513)), 'raw')).toEqual({ virtualSize: 1024 })
  })

  it.each([
    ['empty', '', /empty/],
    ['packed with gzip', Buffer.from('1f8b0800', 'hex'), /gzip/],
    ['a web page', '<!DOCTYPE html><title>404</title>', /web page/],
  ])('that is %s is refused', async (_, content, problem) => {
    await expect(inspect(await make(content), 'raw')).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(problem),
    })
  })

  it('said to be qcow2 is refused', async () => {
    await expect(inspect(await make('x'.repeat(1000)), 'qcow2')).rejects.toThrow(/not a qcow2 image/)
  })
})

describe.skipIf(!hasQemuImg)('a box', () => {
  it('whose disk lies on a file of the host is not added', async () => {
    const folder = await temporaryFolder(onTestFinished)
    const image = join(folder, 'hostile.qcow2')
    qemuImg('create', '-q', '-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw', '-u', image, '8M')
    const disk = await readFile(image, 'latin1')
    const file = { file: 'root.qcow2', size: disk.length, sha256: await sha256OfFile(image) }
    const content = boxContent({ disks: [{ ...file, format: 'qcow2', virtualSize: 8 * 2 ** 20 }] })
    const source = await writeBox(join(folder, 'box'), content)
    await writeFile(join(source, file.file), disk, 'latin1')
    const store = openBoxStore(join(folder, 'store'))
    await expect(store.add(source)).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(/passwd/),
    })
    expect(await store.list()).toEqual([])
  })
})
