import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createKvmProvider } from '../../../providers/kvm/provider.ts'
import type { MachineSpec, Provider } from '../../../src/provider/index.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { discard, type SandboxMachine } from '../../helpers/sandbox-machine.ts'
import type { TinyKernel } from './tiny-kernel.ts'
import { tinyMachine } from './tiny-machine.ts'

const soon = { interval: 20, timeout: 30_000 }
const MiB = 2 ** 20

// Kernels of a few instructions, five starts; some 5 s on an idle host.
describe.skipIf(!hasKvm)("a machine's memory (needs /dev/kvm)", () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  let provider: Provider
  let machine: SandboxMachine

  beforeAll(async () => {
    entries = await buildKvmEntries()
    provider = createKvmProvider({ cacheDir: '/nonexistent', emit: () => undefined }, entries.folder)
  })
  afterAll(() => entries.remove())
  afterEach(() => discard(provider, machine))

  async function make(name: TinyKernel, change: Partial<MachineSpec> = {}): Promise<MachineSpec> {
    machine = await tinyMachine(name, change)
    const { spec } = machine
    await provider.create(spec)
    await provider.start(spec)
    return spec
  }
  const log = (spec: MachineSpec) =>
    existsSync(spec.files.consoleLog) ? readFileSync(spec.files.consoleLog, 'latin1') : ''
  const letters = (spec: MachineSpec) => log(spec).split('guest is up\n')[1] ?? ''
  const memory = () => join(machine.folder, 'memory')
  const off = (spec: MachineSpec) => provider.stop(spec, { graceful: false, timeout: 0 })
  const state = async (spec: MachineSpec) => (await provider.status(spec)).state

  it('is saved, and the guest goes on from there in another process, twice, as if nothing had been', async () => {
    const spec = await make('reciting', { cpus: 2 })
    for (let round = 1; round <= 2; round++) {
      const before = letters(spec).length
      await vi.waitFor(() => expect(letters(spec).length).toBeGreaterThan(before + 30), soon)
      await provider.save?.(spec, memory())
      expect(await state(spec)).toBe('paused')
      const { size, blocks } = statSync(memory())
      expect(size).toBeGreaterThan(16 * MiB)
      expect(blocks * 512).toBeLessThan(MiB)
      await off(spec)
      await provider.load?.(spec, memory())
      expect(await state(spec)).toBe('paused')
      const still = letters(spec)
      await delay(100)
      expect(letters(spec)).toBe(still)
      await provider.resume(spec)
      await rm(memory())
    }
    const enough = letters(spec).length + 30
    await vi.waitFor(() => expect(letters(spec).length).toBeGreaterThan(enough), soon)
    const said = letters(spec)
    expect(said).toBe('abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(said.length / 26)).slice(0, said.length))
    expect(readFileSync(spec.files.providerLog, 'utf8')).not.toMatch(/failed|not confined/)
  })

  it('has what its disk was at', async () => {
    const spec = await make('writing')
    await vi.waitFor(() => expect(log(spec)).toContain('.'), soon)
    await provider.save?.(spec, memory())
    await off(spec)
    await provider.load?.(spec, memory())
    await provider.resume(spec)
    await vi.waitFor(() => expect(log(spec)).toContain('all written'), soon)
    expect(letters(spec)).toBe(`${'.'.repeat(24)}all written`)
    expect(readFileSync(spec.files.providerLog, 'utf8')).not.toMatch(/queue|DEVICE/)
  })

  it('is refused where it is damaged or of another machine, and the machine is off then', async () => {
    const spec = await make('reciting')
    await provider.save?.(spec, memory())
    const whole = readFileSync(memory())
    await off(spec)
    const flipped = Buffer.from(whole)
    flipped[2000] = (flipped[2000] ?? 0) ^ 4
    for (const [content, why] of [
      [whole.subarray(0, whole.length - 4096), /instead of/],
      [whole.subarray(0, 100), /cut short/],
      [flipped, /damaged/],
    ] as const) {
      writeFileSync(memory(), content)
      await expect(provider.load?.(spec, memory())).rejects.toMatchObject({
        code: 'E_MEMORY_UNUSABLE',
        message: expect.stringMatching(why),
      })
      expect(await state(spec)).toBe('stopped')
    }
    writeFileSync(memory(), whole)
    await expect(provider.load?.({ ...spec, cpus: 2 }, memory())).rejects.toMatchObject({
      message: 'it was saved with processors 1, and here it is 2',
    })
    await provider.load?.(spec, memory())
    expect(await state(spec)).toBe('paused')
  })

  it('is not saved half: a guest whose saver has gone goes on', async () => {
    const spec = await make('reciting')
    const stop = new AbortController()
    const onBytes = () => stop.abort(new Error('enough'))
    await expect(provider.save?.(spec, memory(), { signal: stop.signal, onBytes })).rejects.toThrow('enough')
    expect(await state(spec)).toBe('paused')
    await provider.resume(spec)
    const before = letters(spec).length
    await vi.waitFor(() => expect(letters(spec).length).toBeGreaterThan(before + 30), soon)
    await rm(memory(), { force: true })
    await provider.save?.(spec, memory())
  })
})
