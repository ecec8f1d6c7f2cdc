import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBacking } from '../../../providers/kvm/memory/backing.ts'
import { createRam } from '../../../providers/kvm/memory/ram.ts'
import { openShares } from '../../../providers/kvm/process/shares.ts'
import { connectShares } from '../../../providers/kvm/process/shares-served.ts'
import { createKvmProvider } from '../../../providers/kvm/provider.ts'
import { FsDevice } from '../../../providers/kvm/virtio/devices/fs/device.ts'
import type { MachineSpec, Provider } from '../../../src/provider/index.ts'
import { withShares } from '../../../src/provider-kit/index.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { processesNaming } from '../../helpers/machines.ts'
import { discard, type SandboxMachine } from '../../helpers/sandbox-machine.ts'
import { pathWithVirtiofsd } from '../../helpers/virtiofsd.ts'
import { mountedBy } from './fuse-client.ts'
import { tinyMachine } from './tiny-machine.ts'

// virtiofsd itself; where there is none nothing is tried. Some 3 s.
const path = await pathWithVirtiofsd()
const soon = { interval: 20, timeout: 20_000 }

describe.skipIf(path === null)('a folder of the host', () => {
  let folder: string
  let machine: SandboxMachine
  let spec: MachineSpec
  beforeEach(async () => {
    vi.stubEnv('PATH', path ?? '')
    folder = mkdtempSync(join(tmpdir(), 'posada-share-'))
    writeFileSync(join(folder, 'hello'), 'of the host')
    const share = { tag: 'work', path: folder, readOnly: false, hidden: [], owner: 1000 }
    machine = await tinyMachine('mounting', { shares: [share] })
    spec = machine.spec
    mkdirSync(spec.files.runtimeDir, { recursive: true })
    mkdirSync(dirname(spec.files.providerLog), { recursive: true })
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  it('is served by another process, in the memory of the guest, from one guest to the next', async () => {
    const log: string[] = []
    const ram = createRam(spec.memory, createBacking(spec.memory, 'file'))
    await withShares(spec, {
      code: 'E_KVM_START',
      async work() {
        const shares = await connectShares(spec)
        const [share] = openShares({ spec, shares }, ram, (line) => log.push(line))
        if (share === undefined) throw new Error('no share')
        await share.ready
        for (const guest of ['first', 'second', 'third']) {
          const device = new FsDevice(share.tag, share.backEnd)
          const client = await mountedBy(device, ram)
          expect(client.tag()).toBe('work')
          await client.mount()
          expect(await client.read('hello')).toBe('of the host')
          const content = Buffer.alloc(300_000, guest)
          await client.write(guest, content)
          expect(readFileSync(join(folder, guest)).equals(content)).toBe(true)
          expect(statSync(join(folder, guest))).toMatchObject({ uid: process.getuid?.(), mode: 0o100640 })
          await expect(client.read('nothing')).rejects.toThrow('lookup: -2')
          expect(client.faults).toEqual([])
          await client.reset()
          ram.clear()
        }
        expect(log).toEqual([])
        expect(share.backEnd.up).toBe(true)
      },
    })
    rmSync(machine.folder, { recursive: true })
  }, 30_000)

  describe.skipIf(!hasKvm)('in a machine (needs /dev/kvm)', () => {
    let entries: Awaited<ReturnType<typeof buildKvmEntries>>
    let provider: Provider
    beforeAll(async () => {
      entries = await buildKvmEntries()
      provider = createKvmProvider({ cacheDir: '/nonexistent', emit: () => undefined }, entries.folder)
    })
    afterAll(() => entries.remove())
    afterEach(() => discard(provider, machine))

    const pidOf = async () => {
      const status = await provider.status(spec)
      return status.state === 'running' ? status.pid : 0
    }

    it('is there through restarts, its end is told, and no server is left', async () => {
      expect(provider.capabilities()).toMatchObject({ shares: true })
      await provider.create(spec)
      await provider.start(spec)
      const log = () => readFileSync(spec.files.providerLog, 'utf8')
      await vi.waitFor(() => expect(log().split('the guest restarts').length).toBeGreaterThan(3), soon)
      // Each guest has begun again, by messages of a process that was confined meanwhile.
      const mounts = () => readFileSync(spec.files.consoleLog, 'latin1').split('mounted').length - 1
      const before = mounts()
      expect(before).toBeGreaterThanOrEqual(3)
      rmSync(join(folder, 'made'))
      await vi.waitFor(() => expect(mounts()).toBeGreaterThan(before + 2), soon)
      expect(statSync(join(folder, 'made'))).toMatchObject({ size: 0, mode: 0o100600 })
      expect(readFileSync(`/proc/${await pidOf()}/status`, 'utf8')).toMatch(/^Seccomp:\t2$/m)
      expect(servers(folder)).toHaveLength(1)
      expect(await provider.status(spec)).toMatchObject({ state: 'running' })
      expect(await provider.status(spec)).not.toHaveProperty('lostShares')
      expect((await provider.metrics?.(spec))?.devices.map(({ name }) => name)).toContain('fs0')
      await expect(provider.save?.(spec, join(machine.folder, 'memory'))).rejects.toMatchObject({
        code: 'E_CAPABILITY',
        message: expect.stringContaining('folders mounted'),
      })
      process.kill(servers(folder)[0] ?? 0, 'SIGKILL')
      await vi.waitFor(
        async () =>
          expect(await provider.status(spec)).toMatchObject({ state: 'running', lostShares: ['work'] }),
        soon,
      )
      expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({
        how: 'forced',
        via: 'quit',
      })
      await provider.start(spec)
      expect(servers(folder)).toHaveLength(1)
      await provider.stop(spec, { graceful: false, timeout: 0 })
      while (servers(folder).length > 0) await sleep(20)
    }, 60_000)

    it('keeps a machine from starting that cannot be served', async () => {
      const missing = join(folder, 'gone')
      const gone = {
        ...spec,
        shares: (spec.shares ?? []).map((share) => ({ ...share, path: missing })),
      }
      await provider.create(gone)
      await expect(provider.start(gone)).rejects.toMatchObject({ code: 'E_KVM_START', value: missing })
      expect(await provider.status(gone)).toEqual({ state: 'stopped', crashed: false })
    })
  })
})

/** The ids of what serves a folder. */
function servers(folder: string): number[] {
  return processesNaming(folder, /virtiofsd.*--shared-dir/).filter((pid) => !isShell(pid))
}

/** The one that waits beside a server until the machine runs. */
function isShell(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1') === 'sh\n'
  } catch {
    return true // it has just ended
  }
}
