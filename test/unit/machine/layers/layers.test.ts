import { execFileSync } from 'node:child_process'
import { link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDisk } from '../../../../providers/kvm/disk/open-disk.ts'
import { emptyQcow2 } from '../../../../src/lib/disk/qcow2-empty.ts'
import { layersUnder, withLayers } from '../../../../src/machine/layers/chain.ts'
import { linkLayers, makeNext, marksOf, takeNext } from '../../../../src/machine/layers/next-disks.ts'
import { renameBase } from '../../../../src/machine/layers/qcow2-base.ts'
import { type MachinePaths, machinePaths } from '../../../../src/project/index.ts'
import type { DiskSpec } from '../../../../src/provider/index.ts'

// With qemu-io and qemu-img, which read and write through all layers.

const mebibyte = 2 ** 20

describe('the layers of a disk', () => {
  let folder: string
  let paths: MachinePaths
  let disks: DiskSpec[]
  const base = () => ({ path: join(folder, 'box.raw'), format: 'raw' as const })
  const at = (root: string) =>
    machinePaths(join(root, '.posada', 'machines', 'web'), { key: '', runtimes: [] })
  const diskOf = (where: MachinePaths): DiskSpec[] => [
    { name: 'root', path: where.disk('root'), base: base(), size: mebibyte },
  ]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'posada-layers-'))
    paths = at(join(folder, 'here'))
    disks = diskOf(paths)
    await writeFile(base().path, Buffer.alloc(mebibyte))
    await mkdir(paths.data, { recursive: true })
    const image = emptyQcow2({ size: mebibyte, base: base() })
    if (typeof image === 'string') throw new Error(image)
    await writeFile(paths.disk('root'), image)
  })
  afterEach(() => rm(folder, { recursive: true }))

  const write = (byte: number, kib: number) =>
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -P ${byte} ${kib}k 64k`, paths.disk('root')])
  const holds = (byte: number, kib: number, path = paths.disk('root')) =>
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', `read -P ${byte} ${kib}k 64k`, path], {
      stdio: 'pipe',
    }).includes('read 65536')
  const freeze = async (id: string) => {
    await linkLayers(paths, id, disks)
    await makeNext(paths, id, disks)
    await takeNext(disks)
    await withLayers(paths, disks)
  }

  it('are frozen one after the other, and none is written to again', async () => {
    write(1, 0)
    await freeze('0000000a')
    write(2, 64)
    await freeze('0000000b')
    write(3, 0)
    expect(await layersUnder(paths, 'root', paths.disk('root'))).toEqual(['0000000b', '0000000a'])
    expect([holds(3, 0), holds(2, 64)]).toEqual([true, true])
    expect(holds(1, 0, paths.snapshot('0000000b').disk('root'))).toBe(true)
    expect(holds(0, 64, paths.snapshot('0000000a').disk('root'))).toBe(true)
    expect(await withLayers(paths, disks)).toMatchObject([
      {
        path: paths.disk('root'),
        base: {
          path: paths.snapshot('0000000b').disk('root'),
          base: { path: paths.snapshot('0000000a').disk('root'), format: 'qcow2', base: base() },
        },
      },
    ])
  })

  it('are read through by the built-in hypervisor, too', async () => {
    write(1, 0)
    await freeze('0000000a')
    write(2, 64)
    await freeze('0000000b')
    const [disk] = await withLayers(paths, disks)
    if (disk?.base === undefined) throw new Error('no base')
    const opened = openDisk({ path: disk.path, format: 'qcow2', readOnly: false, base: disk.base })
    try {
      const read = Buffer.alloc(192 * 1024)
      opened.read(0, [read])
      expect([read[0], read[64 * 1024], read[128 * 1024]]).toEqual([1, 2, 0])
    } finally {
      opened.close()
    }
  })

  it('are put back by a new disk over an older one', async () => {
    write(1, 0)
    await freeze('0000000a')
    write(2, 0)
    await makeNext(paths, '0000000a', disks)
    expect(holds(2, 0)).toBe(true)
    const next = await marksOf(disks, 'next')
    await takeNext(disks)
    expect(await marksOf(disks, 'now')).toEqual(next)
    expect(holds(1, 0)).toBe(true)
  })

  it('keep what a machine writes where the making of the new disk was cut short', async () => {
    write(1, 0)
    await linkLayers(paths, '0000000a', disks)
    await makeNext(paths, '0000000a', disks)
    write(2, 64)
    expect(await layersUnder(paths, 'root', paths.disk('root'))).toEqual([])
    expect([holds(1, 0), holds(2, 64)]).toEqual([true, true])
    await freeze('0000000b')
    expect([holds(1, 0), holds(2, 64)]).toEqual([true, true])
  })

  it('are found again where the project was moved', async () => {
    write(1, 0)
    await freeze('0000000a')
    await freeze('0000000b')
    await rename(join(folder, 'here'), join(folder, 'a longer name'))
    paths = at(join(folder, 'a longer name'))
    disks = diskOf(paths)
    expect(holds(1, 0)).toBe(true)
    // As another place has it, and as it was written once.
    await renameBase(paths.disk('root'), '/else/where/snapshots/0000000b/root.qcow2')
    expect(() => holds(1, 0)).toThrow()
    const [disk] = await withLayers(paths, disks)
    expect(disk?.base?.path).toBe(paths.snapshot('0000000b').disk('root'))
    expect(holds(1, 0)).toBe(true)
    execFileSync('qemu-img', ['check', '-q', paths.disk('root')])
  })

  it('are those of a copied machine under second names, also where the first are gone', async () => {
    write(1, 0)
    await freeze('0000000a')
    write(2, 64)
    await freeze('0000000b')
    const other = at(join(folder, 'other'))
    await mkdir(other.data, { recursive: true })
    for (const id of ['0000000a', '0000000b']) {
      await mkdir(other.snapshot(id).dir, { recursive: true })
      await link(paths.snapshot(id).disk('root'), other.snapshot(id).disk('root'))
    }
    const theirs = diskOf(other)
    await makeNext(other, '0000000b', theirs)
    await takeNext(theirs)
    await withLayers(other, theirs)
    await rm(join(folder, 'here'), { recursive: true })
    expect([holds(1, 0, other.disk('root')), holds(2, 64, other.disk('root'))]).toEqual([true, true])
  })

  it('are refused where one is gone', async () => {
    await freeze('0000000a')
    await rename(join(folder, 'here'), join(folder, 'there'))
    paths = at(join(folder, 'there'))
    disks = diskOf(paths)
    await rm(paths.snapshot('0000000a').disk('root'))
    await expect(withLayers(paths, disks)).rejects.toMatchObject({
      code: 'E_DISK_INVALID',
      value: paths.snapshot('0000000a').disk('root'),
    })
  })
})
