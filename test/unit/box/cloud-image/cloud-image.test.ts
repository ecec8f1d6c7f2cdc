import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fetchBox, openBoxStore, parseBoxSource } from '../../../../src/box/index.ts'
import type { BoxFacts } from '../../../../src/box/model.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'
import { hasQemuImg, qemuImg } from '../../../helpers/qemu-img.ts'

async function add(make: (path: string) => unknown, facts: BoxFacts = {}) {
  const folder = await temporaryFolder(onTestFinished)
  const path = join(folder, 'Noble Server.img')
  await make(path)
  const store = openBoxStore(join(folder, 'store'))
  const { signal } = new AbortController()
  const context = {
    store,
    arch: 'x86_64' as const,
    emit: () => undefined,
    signal,
    env: {},
    catalogues: [],
    facts,
  }
  return { path, folder, result: fetchBox(parseBoxSource(path, folder), context) }
}

const qcow2 = (path: string) => qemuImg('create', '-q', '-f', 'qcow2', path, '8M')

describe.skipIf(!hasQemuImg)('a cloud image', () => {
  it('becomes a box without a key that boots by firmware and is seeded', async () => {
    const { result, path } = await add(qcow2)
    const { manifest, dir } = await result
    expect(manifest).toMatchObject({
      name: 'local/noble-server',
      version: expect.stringMatching(/^0\.\d+$/),
      disks: [{ file: 'root.qcow2', format: 'qcow2', virtualSize: 8 * 2 ** 20 }],
      firmware: 'bios',
      login: { user: 'posada', otherKeys: [] },
      seed: 'nocloud',
      announcesReady: false,
    })
    expect((await readdir(dir)).sort()).toEqual(['box.json', 'root.qcow2'])
    expect((await readFile(join(dir, 'root.qcow2'))).equals(await readFile(path))).toBe(true)
  })

  it('is what its user says of it', async () => {
    const facts: BoxFacts = { name: 'cloud/noble', version: '24.04', user: 'ubuntu', firmware: 'uefi' }
    const { result } = await add(qcow2, facts)
    expect((await result).manifest).toMatchObject({
      name: 'cloud/noble',
      version: '24.04',
      firmware: 'uefi',
      login: { user: 'ubuntu' },
    })
  })

  it('boots by UEFI where the processor is not a PC’s', async () => {
    const { result } = await add(qcow2, { arch: 'aarch64' })
    expect((await result).manifest).toMatchObject({ arch: 'aarch64', firmware: 'uefi' })
  })

  it('may be raw where that is said, keeps its holes and is whole', async () => {
    const bytes = Buffer.alloc(4 * 2 ** 20)
    bytes.write('the end', bytes.length - 512)
    const { result } = await add((path) => writeFile(path, bytes), { image: 'raw' })
    const { dir, manifest } = await result
    const copy = join(dir, 'root.raw')
    expect(manifest.disks).toMatchObject([{ file: 'root.raw', format: 'raw', virtualSize: bytes.length }])
    expect((await readFile(copy)).equals(bytes)).toBe(true)
    expect((await stat(copy)).blocks * 512).toBeLessThan(2 ** 20)
  })

  it.each([
    [
      'a raw one of which nothing is said',
      (path: string) => writeFile(path, 'x'.repeat(512)),
      {},
      /--image raw/,
    ],
    ['a qcow2 image said to be raw', qcow2, { image: 'raw' }, /qcow2/],
    [
      'one that lies on a file of the host',
      (path: string) =>
        qemuImg('create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/passwd', '-F', 'raw', path, '8M'),
      {},
      /convert/,
    ],
    [
      'one whose packing is damaged',
      (path: string) => writeFile(path, '\xfd7zXZ\0rest', 'latin1'),
      { image: 'qcow2' },
      /again/,
    ],
  ] as const)('is refused: %s', async (_, make, facts, hint) => {
    const { result, folder } = await add(make, facts)
    await expect(result).rejects.toMatchObject({ code: 'E_BOX_INVALID', hint: expect.stringMatching(hint) })
    expect(await readdir(join(folder, 'store', 'tmp'))).toEqual([])
  })
})
