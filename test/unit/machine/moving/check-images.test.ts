import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { StoredBox } from '../../../../src/box/index.ts'
import { emptyQcow2 } from '../../../../src/lib/disk/qcow2-empty.ts'
import { qcow2Facts } from '../../../../src/machine/layers/qcow2-base.ts'
import { checkImages } from '../../../../src/machine/moving/check-images.ts'
import { type MachinePaths, machinePaths } from '../../../../src/project/paths.ts'

let folder: string
let paths: MachinePaths
const box = { dir: '/boxes/here', manifest: { disks: [{ file: 'root.qcow2' }] } } as unknown as StoredBox

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-images-'))
  paths = machinePaths(join(folder, 'web'), { key: '', runtimes: [] })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function image(path: string, base: string | null): void {
  const bytes = emptyQcow2({
    size: 2 ** 20,
    ...(base === null ? {} : { base: { path: base, format: 'qcow2' } }),
  })
  if (typeof bytes === 'string') throw new Error(bytes)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}
const baseOf = async (path: string) => {
  const facts = await qcow2Facts(path)
  return typeof facts === 'string' ? facts : facts.base
}

it('leads the lowest of a chain to the box as it lies here, and leaves the rest', async () => {
  const layer = paths.snapshot('0000000a').disk('root')
  image(paths.disk('root'), '../snapshots/0000000a/root.qcow2')
  image(layer, '/home/someone/boxes/there/root.qcow2')
  image(paths.disk('data'), null)
  await checkImages(paths, box)
  expect(await baseOf(paths.disk('root'))).toBe('../snapshots/0000000a/root.qcow2')
  expect(await baseOf(layer)).toBe('/boxes/here/root.qcow2')
  expect(await baseOf(paths.disk('data'))).toBeNull()
})

it.each([
  ['data', '/etc/passwd'],
  ['data', '../../../../etc/passwd'],
  ['data', '../snapshots/0000000a/root.qcow2'],
  ['disk-2', '/home/someone/boxes/there/disk-2.qcow2'],
])('refuses a disk %s that lies on %s', async (name, base) => {
  image(paths.snapshot('0000000a').disk('root'), '/boxes/here/root.qcow2')
  image(paths.disk(name), base)
  const before = readFileSync(paths.disk(name))
  await expect(checkImages(paths, box)).rejects.toMatchObject({
    code: 'E_DISK_INVALID',
    value: paths.disk(name),
  })
  expect(readFileSync(paths.disk(name)).equals(before)).toBe(true)
})

it.each([
  ['a root disk without a base', (bytes: Buffer) => bytes],
  [
    'data in another file',
    (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 79), Buffer.from([4]), bytes.subarray(80)]),
  ],
  ['other bytes', () => Buffer.from('raw')],
])('refuses %s', async (_, change) => {
  image(paths.disk('root'), null)
  writeFileSync(paths.disk('root'), change(readFileSync(paths.disk('root'))))
  await expect(checkImages(paths, box)).rejects.toMatchObject({ code: 'E_DISK_INVALID' })
})
