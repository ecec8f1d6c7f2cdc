import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openBoxStore } from '../../../../src/box/index.ts'
import { packBox, packedManifest } from '../../../../src/box/pack/pack-box.ts'
import { boxContent, temporaryFolder, writeBox } from '../../../helpers/box-files.ts'
import { aBox } from '../../../helpers/model.ts'
import { hasQemuImg, qemuImg } from '../../../helpers/qemu-img.ts'

async function machineOn(content: string) {
  const folder = await temporaryFolder(onTestFinished)
  const store = openBoxStore(join(folder, 'store'))
  const original = await store.add(await writeBox(join(folder, 'box'), boxContent({}, content)))
  const disk = join(folder, 'root.qcow2')
  qemuImg('create', '-q', '-f', 'qcow2', '-b', join(original.dir, 'root.raw'), '-F', 'raw', disk, '8M')
  const pack = (changes: object = {}) =>
    packBox({
      store: store.dir,
      original,
      disks: [disk],
      user: 'posada',
      name: 'test/packed',
      force: false,
      kernel: null,
      signal: new AbortController().signal,
      ...changes,
    })
  return { folder, store, original, disk, pack }
}

describe.skipIf(!hasQemuImg)('packBox', () => {
  it('makes one image of a disk and what it lies on, and keeps how the box is logged in to', async () => {
    const { store, original, pack } = await machineOn('x'.repeat(1024))
    const { dir, manifest } = await pack()
    expect(manifest).toMatchObject({
      name: 'test/packed',
      version: expect.stringMatching(/^\d{8}\.1$/),
      description: 'made from a machine of test/one 20261122.1',
      disks: [{ file: 'root.qcow2', format: 'qcow2', virtualSize: 8 * 2 ** 20 }],
      login: original.manifest.login,
    })
    const disk = join(dir, 'root.qcow2')
    expect(qemuImg('info', '--output=json', disk)).not.toContain('backing')
    qemuImg('convert', '-f', 'qcow2', '-O', 'raw', disk, join(store.dir, 'flat'))
    expect((await readFile(join(store.dir, 'flat'))).subarray(0, 1024).toString()).toBe('x'.repeat(1024))
    expect((await readdir(dir)).sort()).toEqual(['box.json', 'login.key', 'root.qcow2'])
    expect((await store.resolve('test/packed', 'x86_64')).dir).toBe(dir)
    expect((await pack()).manifest.version).toMatch(/\.2$/)
  })

  it('replaces no box unasked, and leaves nothing half-made', async () => {
    const { folder, store, disk, pack } = await machineOn('x'.repeat(1024))
    await pack({ version: '1' })
    qemuImg('resize', '-q', '-f', 'qcow2', disk, '16M')
    await expect(pack({ version: '1' })).rejects.toMatchObject({ code: 'E_BOX_EXISTS' })
    expect((await pack({ version: '1', force: true })).manifest.disks[0]?.virtualSize).toBe(16 * 2 ** 20)
    await expect(pack({ disks: [join(folder, 'none')] })).rejects.toMatchObject({
      code: 'E_BOX_PACKAGE',
      details: expect.arrayContaining([expect.stringContaining('none')]),
    })
    await expect(pack({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(await readdir(join(store.dir, 'tmp'))).toEqual([])
  })
})

describe.skipIf(!hasQemuImg)('a kernel of its own', () => {
  it('takes the place of the firmware, and is in the box', async () => {
    const { folder, original, pack } = await machineOn('x'.repeat(1024))
    for (const file of ['k', 'i']) await writeFile(join(folder, file), file)
    const kernel = { kernel: join(folder, 'k'), initrd: join(folder, 'i'), cmdline: 'root=LABEL=root' }
    const firmware = { ...original, manifest: { ...original.manifest, firmware: 'bios' as const } }
    const { dir, manifest } = await pack({ original: firmware, kernel })
    expect(manifest).not.toHaveProperty('firmware')
    expect(manifest.kernel).toMatchObject({
      kernel: { file: 'vmlinuz', size: 1 },
      initrd: { file: 'initrd', size: 1 },
      cmdline: 'root=LABEL=root',
    })
    expect(await readFile(join(dir, 'vmlinuz'), 'utf8')).toBe('k')
    expect((await readdir(dir)).sort()).toEqual(['box.json', 'initrd', 'login.key', 'root.qcow2', 'vmlinuz'])
  })
})

describe('packedManifest', () => {
  const own = { name: 'a/b', version: '1', disks: [], user: 'alice', kernel: null }

  it('carries over how the box boots', () => {
    const { manifest } = aBox()
    if (manifest.kernel === undefined) throw new Error('a box that boots by its kernel')
    const kernel = { ...manifest.kernel, takesKey: true }
    const other = { kernel: kernel.kernel, cmdline: 'root=LABEL=root' }
    expect(packedManifest({ ...manifest, kernel }, own).kernel).toEqual(kernel)
    // Another initrd takes no key.
    expect(packedManifest({ ...manifest, kernel }, { ...own, kernel: other }).kernel).toEqual(other)
    expect(packedManifest(manifest, own)).toMatchObject({
      agent: true,
      announcesReady: true,
    })
  })

  it('has no key where a seed brings it', () => {
    const { manifest } = aBox({ seed: 'nocloud', login: { user: 'debian', otherKeys: [] } })
    expect(packedManifest(manifest, own)).toMatchObject({
      seed: 'nocloud',
      login: { user: 'alice', otherKeys: [] },
    })
  })

  it('forgets keys that were well known', () => {
    const key = { file: 'a.key', size: 1, sha256: '0'.repeat(64) }
    const { manifest } = aBox({ login: { user: 'vagrant', key, otherKeys: [{ ...key, file: 'b.key' }] } })
    expect(packedManifest(manifest, own).login).toEqual({ user: 'alice', key, otherKeys: [] })
  })
})
