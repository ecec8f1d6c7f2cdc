import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256OfFile } from '../../../../src/lib/files/hash-file.ts'
import { checkMemory, diskFlaw, fileMark, flawOf } from '../../../../src/machine/memory/check.ts'
import { hardwareOf } from '../../../../src/machine/memory/hardware.ts'
import type { SavedMemory } from '../../../../src/project/index.ts'
import type { Provider } from '../../../../src/provider/index.ts'
import { aMachine, aState, somePaths } from '../../../helpers/model.ts'

const { spec } = aState()
const facts = { QEMU: '7.2', processor: 'max' }

function aMemory(changes: Partial<SavedMemory> = {}): SavedMemory {
  return {
    ...{ version: 1, at: '2026-01-01T00:00:00.000Z', size: 5, sha256: '0'.repeat(64) },
    ...{ hardware: hardwareOf(spec), facts, disks: { root: ['1:2'] } },
    ...changes,
  }
}

describe('what a memory fits', () => {
  const now = { facts, hardware: hardwareOf(spec) }

  it.each<[string, Partial<SavedMemory>, RegExp | null]>([
    ['the same', {}, null],
    ['another release', { facts: { ...facts, QEMU: '8.0' } }, /QEMU 8.0, and here it is 7.2/],
    ['another processor', { facts: { ...facts, processor: 'EPYC' } }, /processor EPYC, and here it is max/],
    [
      'something that is not known here',
      { facts: { ...facts, firmware: '1' } },
      /firmware 1, and here it is none/,
    ],
    ['something that was not known there', { facts: { QEMU: '7.2' } }, /processor none, and here it is max/],
    ['another machine', { hardware: 'f'.repeat(64) }, /hardware of the machine has changed/],
  ])('%s', (_, changes, expected) => {
    const flaw = flawOf(aMemory(changes), now)
    if (expected === null) expect(flaw).toBeNull()
    else expect(flaw).toMatch(expected)
  })

  it('is the hardware as the guest sees it, and not where the host has it', () => {
    const [disk] = spec.disks
    if (disk === undefined) throw new Error('no disk')
    const same = {
      ...spec,
      files: { ...spec.files, runtimeDir: '/elsewhere' },
      disks: [{ ...disk, path: '/x' }],
    }
    expect(hardwareOf(same)).toBe(hardwareOf(spec))
    for (const other of [
      { ...spec, memory: spec.memory * 2 },
      { ...spec, cpus: 2 },
      { ...spec, nics: [] },
      { ...spec, disks: [{ ...disk, size: disk.size * 2 }] },
      { ...spec, options: { cpu: 'EPYC' } },
    ])
      expect(hardwareOf(other)).not.toBe(hardwareOf(spec))
  })

  it('is disks that were not written to since, whichever of two they are', () => {
    const memory = aMemory({ disks: { root: ['1:2', '3:4'] } })
    expect(diskFlaw(memory, { root: '1:2' })).toBeNull()
    expect(diskFlaw(memory, { root: '3:4' })).toBeNull()
    expect(diskFlaw(memory, { root: '1:3' })).toContain('disk root has been written to')
    expect(diskFlaw(memory, {})).toContain('disk root')
    expect(diskFlaw(memory, { root: '1:2', more: '1:2' })).toContain('disk more')
  })
})

describe('the file of a memory', () => {
  let folder: string
  let file: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'posada-memory-'))
    file = join(folder, 'memory')
    await writeFile(file, 'hello')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const provider = { name: 'one', memoryFacts: async () => facts } as unknown as Provider
  const check = async (memory: SavedMemory, one = provider, content: 'whole' | 'mark' = 'whole') => {
    const paths = { ...somePaths(), memory: file }
    const { spec } = aState(aMachine())
    await checkMemory({ provider: one, spec, memory, paths, hint: 'boot it', content })
  }

  it('is taken as it was saved, and refused when it is cut, changed or gone', async () => {
    const memory = aMemory({ sha256: await sha256OfFile(file) })
    await check(memory)
    const refused = { code: 'E_MEMORY_UNUSABLE', hint: 'boot it', value: file }
    await writeFile(file, 'hellO')
    await expect(check(memory)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('changed'),
    })
    await truncate(file, 4)
    await expect(check(memory)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('4 bytes'),
    })
    await rm(file)
    await expect(check(memory)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('gone'),
    })
  })

  it('is not read through where it has the mark of a file that no one has written to since', async () => {
    const { mark } = await fileMark(file)
    const memory = aMemory({ sha256: 'f'.repeat(64), mark })
    await check(memory, provider, 'mark')
    await expect(check(memory)).rejects.toMatchObject({ code: 'E_MEMORY_UNUSABLE' })
    for (const other of [aMemory({ sha256: 'f'.repeat(64) }), { ...memory, mark: '1:2' }])
      await expect(check(other, provider, 'mark')).rejects.toMatchObject({ code: 'E_MEMORY_UNUSABLE' })
    await writeFile(file, 'hellO')
    expect((await fileMark(file)).mark).not.toBe(mark)
    await truncate(file, 4)
    await expect(check({ ...memory, mark: (await fileMark(file)).mark }, provider, 'mark')).rejects.toThrow(
      '4 bytes',
    )
  })

  it('needs a provider that can load it', async () => {
    const other = { name: 'other' } as Provider
    await expect(check(aMemory(), other)).rejects.toMatchObject({ code: 'E_CAPABILITY', value: 'other' })
  })
})
