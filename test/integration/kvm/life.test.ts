import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openDisk } from '../../../providers/kvm/disk/open-disk.ts'
import { kvmFiles, providerLogLimit } from '../../../providers/kvm/files.ts'
import { launchVmm } from '../../../providers/kvm/process/launch.ts'
import { createKvmProvider } from '../../../providers/kvm/provider.ts'
import type { ExitTrace } from '../../../providers/kvm/vm/machine.ts'
import { sendCommand } from '../../../src/background/index.ts'
import { isErrno } from '../../../src/lib/files/errno.ts'
import { consoleLogLimit, type MachineSpec, type Provider } from '../../../src/provider/index.ts'
import { freePort } from '../../helpers/free-port.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { discard, type SandboxMachine } from '../../helpers/sandbox-machine.ts'
import type { TinyKernel } from './tiny-kernel.ts'
import { tinyMachine } from './tiny-machine.ts'

const hasPasst = spawnSync('passt', ['--version']).error === undefined
const soon = { interval: 20, timeout: 10_000 }
const second = 1000

// A start takes a quarter of a second; the suite some 20 s.
describe.skipIf(!hasKvm)('life of a machine (needs /dev/kvm)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  let provider: Provider
  let machine: SandboxMachine

  beforeAll(async () => {
    entries = await buildKvmEntries()
    provider = createKvmProvider({ cacheDir: '/nonexistent', emit: () => undefined }, entries.folder)
  })
  afterAll(() => entries.remove())
  afterEach(() => discard(provider, machine))

  /** A machine of 16 MiB, created. */
  async function make(
    name: TinyKernel,
    change: Partial<MachineSpec> = {},
    prepare: (dataDir: string) => void = () => undefined,
  ): Promise<MachineSpec> {
    machine = await tinyMachine(name, change)
    const { spec } = machine
    prepare(spec.files.dataDir)
    await provider.create(spec)
    return spec
  }
  const log = (spec: MachineSpec) =>
    existsSync(spec.files.consoleLog) ? readFileSync(spec.files.consoleLog, 'latin1') : ''
  const whereItLeads = async (spec: MachineSpec) => {
    const running = await provider.status(spec)
    if (running.state !== 'running' || running.pid === undefined) throw new Error(running.state)
    return { stderr: readlinkSync(`/proc/${running.pid}/fd/2`) }
  }
  const isUp = (spec: MachineSpec) => vi.waitFor(() => expect(log(spec)).toContain('guest is up'), soon)

  it('goes from absent through running and paused to stopped, gracefully', async () => {
    const spec = await make('obedient')
    expect(await provider.status(spec)).toEqual({ state: 'stopped', crashed: false })
    await provider.start(spec)
    await isUp(spec)
    const running = await provider.status(spec)
    expect(running).toMatchObject({ state: 'running', accelerator: 'kvm' })
    await provider.start(spec)
    expect(await provider.status(spec)).toEqual(running)
    const metrics = await provider.metrics?.(spec)
    // "guest is up" by the serial port.
    expect(metrics?.vcpus[0]?.exits.port).toBeGreaterThan(10)
    expect(metrics?.devices.map(({ name }) => name)).toEqual([
      'blk0',
      'console0',
      'rng0',
      'balloon0',
      'vsock0',
    ])
    await provider.pause(spec)
    await provider.pause(spec)
    expect(await provider.status(spec)).toMatchObject({ state: 'paused' })
    await provider.resume(spec)
    expect(await provider.stop(spec, { graceful: true, timeout: 5 * second })).toEqual({
      how: 'graceful',
      via: 'acpi',
    })
    expect(await provider.status(spec)).toEqual({
      state: 'stopped',
      crashed: false,
      byGuest: true,
      reason: 'the guest shut down',
    })
    expect(await provider.stop(spec, { graceful: true, timeout: second })).toMatchObject({ how: 'already' })
    expect(await provider.metrics?.(spec)).toBeNull()
  })

  it('cuts the power of a guest that does not listen, and of one that stands still', async () => {
    const spec = await make('deaf')
    await provider.start(spec)
    const begun = Date.now()
    expect(await provider.stop(spec, { graceful: true, timeout: 500 })).toEqual({
      how: 'forced',
      via: 'quit',
    })
    expect(Date.now() - begun).toBeGreaterThanOrEqual(500)
    await provider.start(spec)
    await provider.pause(spec)
    expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({ how: 'forced', via: 'quit' })
    expect(await provider.status(spec)).toMatchObject({ state: 'stopped', crashed: false })
  })

  it('runs two processors, and more memory than lies below the hole', async () => {
    const spec = await make('obedient', { cpus: 2, memory: 5 * 2 ** 30 })
    await provider.start(spec)
    await isUp(spec)
    expect(await provider.stop(spec, { graceful: true, timeout: 5 * second })).toMatchObject({
      how: 'graceful',
    })
  })

  it('knows a guest that shuts down by itself from one that crashes', async () => {
    const brief = await make('brief')
    await provider.start(brief)
    await vi.waitFor(async () => expect((await provider.status(brief)).state).toBe('stopped'), soon)
    expect(await provider.status(brief)).toMatchObject({ crashed: false })
    await discard(provider, machine)

    const crashing = await make('crashing')
    await provider.start(crashing)
    await vi.waitFor(async () => expect((await provider.status(crashing)).state).toBe('stopped'), soon)
    expect(await provider.status(crashing)).toMatchObject({
      crashed: true,
      reason: expect.stringContaining('triple fault'),
    })
  })

  it.each(['restarting', 'pulsing'] as const)(
    'restarts a guest that is %s in the same process',
    async (name) => {
      const spec = await make(name)
      await provider.start(spec)
      const before = await provider.status(spec)
      await vi.waitFor(() => expect(log(spec).split('guest is up').length).toBeGreaterThan(4), soon)
      expect(await provider.status(spec)).toEqual(before)
      expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toMatchObject({ how: 'forced' })
    },
  )

  it('keeps nothing of the guests that a machine has been through', async () => {
    const hostPort = await freePort()
    const forward = { protocol: 'tcp' as const, hostAddress: '127.0.0.1', hostPort, guestPort: 22 }
    const nic = { kind: 'user' as const, mac: '52:54:00:c0:ff:ee', forwards: [forward] }
    const spec = await make('restarting', { cpus: 2, nics: hasPasst ? [nic] : [] })
    await provider.start(spec)
    const running = await provider.status(spec)
    if (running.state !== 'running' || running.pid === undefined) throw new Error(running.state)
    const proc = `/proc/${running.pid}`
    const restarts = () => readFileSync(spec.files.providerLog, 'utf8').split('the guest restarts').length
    await vi.waitFor(() => expect(restarts()).toBeGreaterThan(5), soon)
    const mapped = () => readFileSync(`${proc}/maps`, 'utf8').split('kvm-vcpu').length - 1
    const counts = () => ({
      descriptors: readdirSync(`${proc}/fd`).length,
      threads: readdirSync(`${proc}/task`).length,
    })
    const passt = processesWith(`127.0.0.1/${hostPort}:22`)
    expect(passt).toHaveLength(hasPasst ? 1 : 0)
    // Two threads and the devices' one map each vCPU, and those of the guest before may be there still.
    expect(mapped()).toBeLessThanOrEqual(8)
    const before = counts()
    await vi.waitFor(() => expect(restarts()).toBeGreaterThan(25), { interval: 50, timeout: 60_000 })
    expect(mapped()).toBeLessThanOrEqual(8)
    expect(processesWith(`127.0.0.1/${hostPort}:22`)).toEqual(passt)
    // One guest more, or two, may be on its way.
    expect(counts().threads).toBeLessThan(before.threads + 10)
    expect(counts().descriptors).toBeLessThan(before.descriptors + 20)
    expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({ how: 'forced', via: 'quit' })
    await vi.waitFor(() => expect(processesWith(`127.0.0.1/${hostPort}:22`)).toEqual([]), soon)
  }, 90_000)

  it('says of each exit what it was for, while it is asked to', async () => {
    const spec = await make('reciting')
    await provider.start(spec)
    await isUp(spec)
    const trace = (milliseconds: unknown) =>
      sendCommand(kvmFiles(spec).control, { name: 'trace', arguments: { milliseconds }, timeout: 20_000 })
    // A letter, as soon as the guest gets to it.
    await vi.waitFor(async () => {
      const { exits, lost } = (await trace(200)) as ExitTrace
      expect(lost).toBeGreaterThanOrEqual(0)
      expect(exits[0]).toMatchObject({
        vcpu: 0,
        kind: 'port',
        access: { write: true, address: 0x3f8, length: 1 },
      })
    }, soon)
    await expect(trace(0)).rejects.toMatchObject({ code: 'E_CONTROL' })
    await expect(trace('long')).rejects.toMatchObject({ code: 'E_CONTROL' })
  })

  it('bounds the console of a guest that floods it', async () => {
    const spec = await make('flooding')
    writeFileSync(spec.files.consoleLog, Buffer.alloc(consoleLogLimit - 1000, 'o'))
    await provider.start(spec)
    await vi.waitFor(() => expect(existsSync(`${spec.files.consoleLog}.1`)).toBe(true), soon)
    expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({ how: 'forced', via: 'quit' })
    expect(statSync(`${spec.files.consoleLog}.1`).size).toBe(consoleLogLimit)
    expect(statSync(spec.files.consoleLog).size).toBeLessThan(consoleLogLimit)
  })

  it('moves its log away when that is full, while it runs', async () => {
    const spec = await make('restarting')
    const { providerLog } = spec.files
    writeFileSync(providerLog, Buffer.alloc(providerLogLimit - 100, 'o'))
    await provider.start(spec)
    await vi.waitFor(() => expect(existsSync(`${providerLog}.1`)).toBe(true), soon)
    await vi.waitFor(() => expect(readFileSync(providerLog, 'utf8')).toContain('the guest restarts'), soon)
    expect(statSync(`${providerLog}.1`).size).toBeLessThan(providerLogLimit + 1000)
    const { stderr } = await whereItLeads(spec)
    expect(stderr).toBe(providerLog)
  })

  it('lives through a guest that writes garbage to all ports, PCI configuration and device memory', async () => {
    const spec = await make('scribbling')
    await provider.start(spec)
    await vi.waitFor(() => expect(log(spec)).toContain('through'), { interval: 50, timeout: 60_000 })
    expect(await provider.status(spec)).toMatchObject({ state: 'running' })
    expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({ how: 'forced', via: 'quit' })
    expect(readFileSync(spec.files.providerLog, 'utf8')).not.toMatch(/bug/)
  }, 70_000)

  it('tells of a killed process as a crash, and starts again', async () => {
    const spec = await make('deaf')
    await provider.start(spec)
    const running = await provider.status(spec)
    if (running.state !== 'running' || running.pid === undefined) throw new Error(running.state)
    process.kill(running.pid, 'SIGKILL')
    await vi.waitFor(
      async () => expect(await provider.status(spec)).toMatchObject({ state: 'stopped', crashed: true }),
      soon,
    )
    await provider.start(spec)
    expect(await provider.status(spec)).toMatchObject({ state: 'running' })
  })

  it('ends in good order on SIGTERM', async () => {
    const spec = await make('deaf')
    await provider.start(spec)
    const running = await provider.status(spec)
    if (running.state !== 'running' || running.pid === undefined) throw new Error(running.state)
    process.kill(running.pid, 'SIGTERM')
    await vi.waitFor(async () => expect((await provider.status(spec)).state).toBe('stopped'), soon)
    expect(await provider.status(spec)).toMatchObject({ crashed: false })
    expect(existsSync(kvmFiles(spec).control)).toBe(false)
  })

  it.each([0, 20, 60, 120, 200])(
    'leaves a state that status tells when a start is aborted after %d ms',
    async (ms) => {
      const spec = await make('deaf')
      await expect(
        provider.start(spec, { signal: AbortSignal.abort(new Error('changed my mind')) }),
      ).rejects.toThrow('changed my mind')
      await provider
        .start(spec, { signal: AbortSignal.timeout(ms) })
        .catch((error: Error) => expect(error.name).toBe('TimeoutError'))
      const { state } = await provider.status(spec)
      expect(['stopped', 'running']).toContain(state)
      await provider.stop(spec, { graceful: false, timeout: 0 })
      await delay(300)
      expect((await provider.status(spec)).state).toBe('stopped')
    },
  )

  it('is stopped also when its socket is gone', async () => {
    const spec = await make('deaf')
    await provider.start(spec)
    rmSync(kvmFiles(spec).control)
    expect(await provider.status(spec)).toMatchObject({ state: 'running' })
    expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({
      how: 'forced',
      via: 'signal',
    })
    expect(await provider.status(spec)).toMatchObject({ state: 'stopped', crashed: false })
  })

  it('refuses a second process on the same machine', async () => {
    const spec = await make('deaf')
    await provider.start(spec)
    const config = { spec, entries: entries.folder, cacheDir: '/nonexistent' }
    await expect(launchVmm(config)).rejects.toMatchObject({ code: 'E_LOCKED' })
    expect(await provider.status(spec)).toMatchObject({ state: 'running' })
  })

  it.each(['', '{"format":1,"machi', '\0\0\0\0\0', '[]'])(
    'is found and ended with %j for a record, and starts again',
    async (text) => {
      const spec = await make('deaf')
      await provider.start(spec)
      const running = await provider.status(spec)
      writeFileSync(kvmFiles(spec).record, text)
      expect(await provider.status(spec)).toEqual(running)
      expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({
        how: 'forced',
        via: 'quit',
      })
      expect(await provider.status(spec)).toMatchObject({ state: 'stopped', crashed: false })
      writeFileSync(kvmFiles(spec).record, text)
      expect(await provider.status(spec)).toEqual({
        state: 'stopped',
        crashed: false,
        reason: `${kvmFiles(spec).record} is damaged`,
      })
      await provider.start(spec)
      expect(await provider.status(spec)).toMatchObject({ state: 'running' })
    },
  )

  it('is found without record and socket, also when it hangs, and destroyed', async () => {
    const spec = await make('deaf')
    await provider.start(spec)
    const running = await provider.status(spec)
    if (running.state !== 'running' || running.pid === undefined) throw new Error(running.state)
    rmSync(kvmFiles(spec).control)
    rmSync(kvmFiles(spec).record)
    expect(await provider.status(spec)).toEqual(running)
    process.kill(running.pid, 'SIGSTOP')
    expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({ how: 'forced', via: 'kill' })
    expect(await provider.status(spec)).toMatchObject({ state: 'stopped', crashed: false })
    await provider.destroy(spec)
    expect(await provider.status(spec)).toEqual({ state: 'absent' })
  }, 20_000)

  it('leaves the machine alone that its folder was copied from', async () => {
    const spec = await make('deaf')
    await provider.start(spec)
    const running = await provider.status(spec)
    const dataDir = join(machine.folder, 'copy')
    cpSync(spec.files.dataDir, dataDir, { recursive: true })
    const runtimeDir = join(machine.folder, 'copy-run')
    const disks = spec.disks.map((disk) => ({ ...disk, path: join(dataDir, basename(disk.path)) }))
    const copy = { ...spec, id: 'c0c0c0c0', disks, files: { ...spec.files, dataDir, runtimeDir } }
    expect(await provider.status(copy)).toEqual({ state: 'stopped', crashed: false })
    expect(await provider.stop(copy, { graceful: false, timeout: 0 })).toMatchObject({ how: 'already' })
    await provider.destroy(copy)
    expect(await provider.status(spec)).toEqual(running)
  })

  it.each<[string, string, Partial<MachineSpec>]>([
    [
      'a file that is not a kernel',
      'E_KERNEL_INVALID',
      { boot: { kind: 'kernel', kernel: '/etc/passwd', cmdline: '' } },
    ],
    ['no kernel', 'E_KERNEL_INVALID', { boot: { kind: 'kernel', kernel: '/nonexistent', cmdline: '' } }],
    ['firmware', 'E_CAPABILITY', { boot: { kind: 'firmware', firmware: 'bios' } }],
    ['a command line that is too long', 'E_VALUE_INVALID', {}],
  ])('refuses %s with %s and leaves nothing running', async (what, code, change) => {
    const spec = await make('deaf', change)
    if (what.includes('long') && spec.boot.kind === 'kernel')
      spec.boot = { ...spec.boot, cmdline: 'x'.repeat(5000) }
    await expect(provider.start(spec)).rejects.toMatchObject({ code })
    expect(await provider.status(spec)).toEqual({ state: 'stopped', crashed: false })
    expect(readdirSync(spec.files.runtimeDir)).toEqual([])
  })

  it.skipIf(!hasPasst)('cuts a guest off whose port is taken, and leaves nothing running', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    try {
      const { port: hostPort } = taken.address() as AddressInfo
      const forward = { protocol: 'tcp' as const, hostAddress: '127.0.0.1', hostPort, guestPort: 22 }
      const spec = await make('deaf', {
        nics: [{ kind: 'user', mac: '52:54:00:c0:ff:ee', forwards: [forward] }],
      })
      await expect(provider.start(spec)).rejects.toMatchObject({ code: 'E_PORT_IN_USE' })
      expect(await provider.status(spec)).toEqual({ state: 'stopped', crashed: false })
      expect(readdirSync(spec.files.runtimeDir)).toEqual([])
    } finally {
      taken.close()
    }
  })

  it('answers only its own language on the control socket, and lives through the rest', async () => {
    const spec = await make('deaf')
    await provider.start(spec)
    for (const hostile of [
      '\n',
      '{}\n',
      'x'.repeat(200_000),
      '{"execute":"format","id":1}\n',
      '[1]\n',
      '\xff\xfe\n',
      '{"id":1',
    ]) {
      const answer = await new Promise<string>((resolve) => {
        let said = ''
        const socket = connect(kvmFiles(spec).control)
        socket.on('data', (data) => {
          said += data
        })
        socket.on('error', () => socket.destroy())
        socket.once('close', () => resolve(said))
        socket.end(hostile)
      })
      expect(answer.split('\n')[0]).toBe('{"posada":1}')
      if (hostile.includes('format')) expect(answer).toContain('E_CONTROL')
    }
    expect(await provider.status(spec)).toMatchObject({ state: 'running' })
  })

  describe.skipIf(process.getuid?.() !== 0)('on a full disk (needs root, for a small file system)', () => {
    let mounted: string | null = null
    afterEach(async () => {
      if (mounted === null) return
      const { spec } = machine
      await provider.stop(spec, { graceful: false, timeout: 0 })
      execFileSync('umount', ['--lazy', mounted])
      mounted = null
    })

    it('stands still, and goes on where it stopped once there is room', async () => {
      const spec = await make('writing', {}, (dataDir) => {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dataDir])
        mounted = dataDir
      })
      await provider.start(spec)
      const stalled = { state: 'paused', stalled: 'disk-full' }
      await vi.waitFor(async () => expect(await provider.status(spec)).toMatchObject(stalled), soon)
      const dots = () => log(spec).split('.').length - 1
      const before = dots()
      expect(before).toBeGreaterThan(5)
      await provider.resume(spec)
      await vi.waitFor(async () => expect(await provider.status(spec)).toMatchObject(stalled), soon)
      expect(dots()).toBe(before)
      execFileSync('mount', ['-o', 'remount,size=64m', spec.files.dataDir])
      await provider.resume(spec)
      await vi.waitFor(() => expect(log(spec)).toContain('all written'), soon)
      expect(dots()).toBe(24)
      expect(await provider.status(spec)).toMatchObject({ state: 'running' })
      expect(await provider.stop(spec, { graceful: false, timeout: 0 })).toEqual({
        how: 'forced',
        via: 'quit',
      })
      const [disk] = spec.disks
      const image = openDisk({ path: disk?.path ?? '', format: 'qcow2', readOnly: false })
      const bytes = Buffer.alloc(24 * 512 * 1024)
      image.read(0, [bytes])
      image.close()
      for (let at = 0; at < bytes.length; at += 512 * 1024)
        expect(bytes.toString('latin1', at, at + 4)).toBe('data')
    })
  })

  it('is destroyed without a trace, twice', async () => {
    const spec = await make('brief')
    await provider.start(spec)
    await vi.waitFor(async () => expect((await provider.status(spec)).state).toBe('stopped'), soon)
    await provider.destroy(spec)
    await provider.destroy(spec)
    expect(await provider.status(spec)).toEqual({ state: 'absent' })
    const left = readdirSync(machine.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    expect(left.map((entry) => entry.name)).toEqual(['brief.elf'])
  })
})

/** Ids of all processes with this word on their command line. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word)
    } catch (error) {
      // It has ended meanwhile.
      if (isErrno(error, 'ENOENT', 'ESRCH')) return false
      throw error
    }
  })
}
