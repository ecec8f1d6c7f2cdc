import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256OfFile } from '../../src/lib/files/hash-file.ts'
import { processIdentity } from '../../src/lib/process/process-identity.ts'
import { residentMemory } from '../../src/lib/process/process-usage.ts'
import { forwardsOf, type MachineSpec, type Provider } from '../../src/provider/index.ts'
import { firstWords, until, wordsOn } from '../helpers/guest-talk.ts'
import { discard, type SandboxMachine, sandboxMachine } from '../helpers/sandbox-machine.ts'
import { answersArp } from '../helpers/switch-peer.ts'
import type { ContractGuest } from './contract-guest.ts'

export interface ContractSubject {
  makeProvider: (context: { cacheDir: string; emit: () => void }) => Promise<Provider> | Provider
  makeGuest: () => Promise<ContractGuest>
  /** What the provider can do, known before it is made: says which tests are skipped. */
  can: {
    pause: boolean
    ready: boolean
    media: boolean
    switchNics: boolean
    hostAccess: boolean
    /** Whether memory can be saved and loaded. */
    snapshot: boolean
  }
}

/**
 * What every provider must fulfil. Six starts, of which four wait for the guest to come up: with a
 * guest that takes 5 s some 30 s in all.
 */
export function providerContract(name: string, subject: ContractSubject): void {
  describe(`contract: ${name}`, () => {
    let provider: Provider
    let guest: ContractGuest
    let machine: SandboxMachine
    let cacheDir: string
    /** On the host's loopback: one that the guest may reach, and one that it may not. */
    const hosts: Record<string, Server> = {}
    const asked: number[] = []

    const make = () => subject.makeProvider({ cacheDir, emit: () => undefined })
    const spec = (boot?: MachineSpec['boot']): MachineSpec => ({
      ...machine.spec,
      boot: boot ?? machine.spec.boot,
    })
    const socket = () => join(machine.spec.files.runtimeDir, 'net1.sock')
    const forward = () => {
      const [found] = forwardsOf(machine.spec)
      if (found === undefined) throw new Error('the machine has no forward')
      return found
    }
    const echo = async (text: string) =>
      await firstWords({ port: forward().hostPort, host: '127.0.0.1' }, { say: text, limit: guest.patience })
    const isUp = async (offset = 0) => {
      const log = existsSync(machine.spec.files.consoleLog)
        ? await readFile(machine.spec.files.consoleLog)
        : Buffer.alloc(0)
      return log.subarray(offset).toString('latin1').includes(guest.says)
    }
    const startAndWait = async (one: MachineSpec) => {
      const offset = existsSync(one.files.consoleLog) ? (await readFile(one.files.consoleLog)).length : 0
      await provider.start(one)
      await until('the guest is up', guest.patience, () => isUp(offset))
    }
    const stopNow = () => provider.stop(spec(), { graceful: false, timeout: 0 })

    beforeAll(async () => {
      cacheDir = await mkdtemp(join(tmpdir(), 'posada-contract-cache-'))
      provider = await make()
      guest = await subject.makeGuest()
      const medium = join(cacheDir, 'a medium, raw')
      await writeFile(medium, Buffer.concat([Buffer.from('hello from the host\n')], 2048))
      machine = await sandboxMachine(
        {
          boot: guest.boot,
          memory: guest.memory,
          // As much as there is, and still all goes through what keeps to them.
          limits: { disk: { iops: 10_000_000, bandwidth: 2 ** 40 }, network: { bandwidth: 1e11 } },
          ...(subject.can.media ? { media: [{ name: 'cidata', path: medium }] } : {}),
        },
        guest.echoPort,
      )
      if (subject.can.switchNics)
        machine.spec.nics.push({ kind: 'switch', mac: '52:54:00:c0:ff:ef', socket: socket() })
      const [nic] = machine.spec.nics
      if (subject.can.hostAccess && nic?.kind === 'user') {
        for (const name of ['open', 'closed'] as const) {
          hosts[name] = await listen(0, `${name}\n`)
          asked.push(portOf(hosts[name]))
        }
        machine.spec.nics[0] = { ...nic, hostAccess: asked.slice(0, 1) }
        machine.spec.boot = guest.asks?.(asked) ?? guest.boot
      }
    })

    afterAll(async () => {
      for (const server of Object.values(hosts)) server.close()
      await discard(provider, machine)
      await rm(cacheDir, { recursive: true, force: true })
    })

    test('says what it can do, and the probe agrees', async () => {
      const capabilities = provider.capabilities()
      expect(capabilities.pause).toBe(subject.can.pause)
      expect(capabilities.media === true).toBe(subject.can.media)
      expect(capabilities.snapshot === true).toBe(subject.can.snapshot)
      for (const method of [provider.save, provider.load, provider.memoryFacts])
        expect(method !== undefined).toBe(subject.can.snapshot)
      expect(capabilities.arch).toContain(machine.spec.arch)
      expect(capabilities.boot).toContain('kernel')
      const report = await provider.probe()
      expect(report).toMatchObject({ usable: true, reason: expect.stringMatching(/\S/) })
      expect(report.accelerator).not.toBeNull()
      expect(await (await make()).probe()).toEqual(report)
    })

    test('refuses options that it does not know, and takes none', () => {
      expect(provider.checkOptions({})).toEqual([])
      const problems = provider.checkOptions({ 'no such option': 1 })
      expect(problems).toEqual([
        expect.objectContaining({ path: ['no such option'], message: expect.any(String) }),
      ])
    })

    test('a machine that was never made is absent, and stopping or destroying it does nothing', async () => {
      expect(await provider.status(spec())).toEqual({ state: 'absent' })
      expect(await provider.stop(spec(), { graceful: true, timeout: 1000 })).toMatchObject({ how: 'already' })
      await provider.destroy(spec())
      await expect(provider.start(spec())).rejects.toMatchObject({ code: 'E_NOT_CREATED' })
    })

    test('create makes it once and leaves it alone after that', async () => {
      await provider.create(spec())
      await provider.create(spec())
      expect(await provider.status(spec())).toEqual({ state: 'stopped', crashed: false })
    })

    test('a port in use is refused before anything runs', async () => {
      const server = await listen(forward().hostPort)
      try {
        await expect(provider.start(spec())).rejects.toMatchObject({
          code: 'E_PORT_IN_USE',
          message: expect.stringContaining(String(forward().hostPort)),
        })
        expect(await provider.status(spec())).toEqual({ state: 'stopped', crashed: false })
      } finally {
        await new Promise((resolve) => server.close(resolve))
      }
    })

    test('an aborted start stops waiting and leaves a state that status tells', async () => {
      await expect(
        provider.start(spec(), { signal: AbortSignal.abort(new Error('enough')) }),
      ).rejects.toThrow('enough')
      const late = new AbortController()
      setTimeout(() => late.abort(new Error('enough')), 5)
      await provider
        .start(spec(), { signal: late.signal })
        .catch((error: Error) => expect(error.message).toBe('enough'))
      await stopNow()
      expect((await provider.status(spec())).state).toBe('stopped')
    })

    test('starts once, says which process it is, and a new provider object finds it', async () => {
      await startAndWait(spec())
      const running = await provider.status(spec())
      expect(running).toMatchObject({
        state: 'running',
        pid: expect.any(Number),
        accelerator: expect.any(String),
      })
      await provider.start(spec())
      await provider.create(spec())
      expect(await provider.status(spec())).toEqual(running)
      expect(await (await make()).status(spec())).toEqual(running)
      const overhead = await provider.memoryOverhead?.(spec())
      const { pid } = running as { pid: number }
      if (overhead !== undefined) expect(await residentMemory(pid)).toBeLessThan(spec().memory + overhead)
    })

    test('says what the machine takes, where it can tell', async () => {
      const usage = await provider.usage?.(spec())
      if (usage === undefined) return
      expect(usage?.cpu).toBeGreaterThan(0)
      expect(usage?.memory).toBeGreaterThan(2 ** 22)
      await echo('frames that are counted\n')
      const later = await provider.usage?.(spec())
      expect(later?.network?.sent ?? 1).toBeGreaterThan(usage?.network?.sent ?? 0)
      expect(later?.network?.received ?? 1).toBeGreaterThan(usage?.network?.received ?? 0)
      expect(later?.cpu).toBeGreaterThanOrEqual(usage?.cpu ?? 0)
    })

    test('the forwarded TCP port carries bytes both ways', async () => {
      expect(await echo('bytes to and fro\n')).toBe('bytes to and fro\n')
    })

    test.skipIf(!subject.can.switchNics)(
      'a NIC on a switch carries frames, for one peer after another',
      async () => {
        for (const _ of [1, 2, 3]) expect(await answersArp(socket(), guest.patience)).toBe(true)
      },
    )

    test.skipIf(!subject.can.hostAccess)(
      'the guest reaches the ports of the host that it was given, and no others',
      async () => {
        expect(provider.capabilities().hostAccess).toBe(true)
        const log = await readFile(machine.spec.files.consoleLog, 'latin1')
        const [open, closed] = asked
        expect(log).toContain(`host ${open} says open`)
        expect(log).toMatch(new RegExp(`host ${closed} says (?!closed)`))
      },
    )

    test.skipIf(!subject.can.media)('the guest reads its medium, and only reads it', async () => {
      const log = await readFile(machine.spec.files.consoleLog, 'latin1')
      expect(log).toContain('medium cidata says hello from the host, read-only 1')
    })

    test.skipIf(!subject.can.ready)(
      'the guest is heard on the ready channel, by one listener after another',
      async () => {
        for (const _ of [1, 2]) {
          expect(provider.capabilities().ready).toBe(true)
          const channel = await provider.open(spec(), 'ready')
          expect(await wordsOn(channel, { limit: guest.patience })).toContain('ready')
        }
      },
    )

    test.skipIf(subject.can.ready)('without a ready channel it says so', async () => {
      expect(provider.capabilities().ready ?? false).toBe(false)
      await expect(provider.open(spec(), 'ready')).rejects.toMatchObject({ code: 'E_CAPABILITY' })
    })

    test('opens a port of the guest, and none that nothing leads to', async () => {
      const channel = await provider.open(spec(), { tcp: forward().guestPort })
      expect(await wordsOn(channel, { say: 'over a stream', limit: guest.patience })).toContain(
        'over a stream',
      )
      await expect(provider.open(spec(), { tcp: 9 })).rejects.toMatchObject({ code: 'E_CAPABILITY' })
    })

    test.skipIf(!subject.can.pause)('stands still and goes on', async () => {
      await provider.pause(spec())
      await provider.pause(spec())
      expect((await provider.status(spec())).state).toBe('paused')
      await provider.resume(spec())
      expect((await provider.status(spec())).state).toBe('running')
      expect(await echo('still there\n')).toBe('still there\n')
    })

    test.skipIf(subject.can.pause)('says that it cannot stand still', async () => {
      await expect(provider.pause(spec())).rejects.toMatchObject({ code: 'E_CAPABILITY' })
    })

    describe.skipIf(!subject.can.snapshot)('what it has in memory', () => {
      const memory = () => join(cacheDir, 'memory')
      const load = (path: string) => provider.load?.(spec(), path)
      const state = async () => (await provider.status(spec())).state

      test('is saved into a file while it stands still, and it goes on from there in another process', async () => {
        const facts = await provider.memoryFacts?.(spec())
        const before = await provider.status(spec())
        const passed = createHash('sha256')
        let size = 0
        const onBytes = (bytes: Uint8Array) => {
          passed.update(bytes)
          size += bytes.length
        }
        await provider.save?.(spec(), memory(), { onBytes })
        // All of it, in order, or nothing.
        if (size > 0) expect(passed.digest('hex')).toBe(await sha256OfFile(memory()))
        expect(await state()).toBe('paused')
        await stopNow()
        expect(await provider.memoryFacts?.(spec())).toEqual(facts)
        await load(memory())
        const after = await provider.status(spec())
        expect(after).toMatchObject({ state: 'paused', pid: expect.any(Number) })
        expect(after).not.toMatchObject({ pid: 'pid' in before ? before.pid : null })
        await provider.resume(spec())
        expect(await state()).toBe('running')
        expect(await echo('it went on\n')).toBe('it went on\n')
      })

      test('leaves the machine as it was where saving is cut short', async () => {
        const path = join(cacheDir, 'cut short')
        const abort = AbortSignal.abort(new Error('enough'))
        await expect(provider.save?.(spec(), path, { signal: abort })).rejects.toThrow('enough')
        await provider.resume(spec())
        expect(await echo('it goes on\n')).toBe('it goes on\n')
      })

      test.skipIf(process.getuid?.() !== 0)(
        'leaves the machine as it was where the disk is full',
        async () => {
          const full = await mkdtemp(join(cacheDir, 'full-'))
          execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', full])
          try {
            await expect(provider.save?.(spec(), join(full, 'memory'))).rejects.toMatchObject({
              code: 'E_DISK_FULL',
            })
          } finally {
            execFileSync('umount', [full])
          }
          await provider.resume(spec())
          expect(await echo('it goes on\n')).toBe('it goes on\n')
        },
      )

      test('is refused where the file was cut, or is another, and no process is left', async () => {
        await stopNow()
        const whole = await readFile(memory())
        const other = join(cacheDir, 'another')
        for (const content of [whole.subarray(0, whole.length / 2), Buffer.alloc(2 ** 20), Buffer.alloc(0)]) {
          await writeFile(other, content)
          await expect(load(other)).rejects.toMatchObject({ code: expect.stringMatching(/^E_/) })
          expect(await state()).toBe('stopped')
        }
        await load(memory())
        await provider.resume(spec())
        expect(await echo('still there\n')).toBe('still there\n')
      })
    })

    test('another process object stops it gracefully, and nothing is left running', async () => {
      const status = await provider.status(spec())
      const result = await (await make()).stop(spec(), { graceful: true, timeout: guest.patience })
      expect(result).toMatchObject({ how: 'graceful', via: expect.stringMatching(/\S/) })
      expect(await provider.status(spec())).toMatchObject({ state: 'stopped', crashed: false })
      expect('pid' in status && (await processIdentity(status.pid))).toBe(null)
      expect(await provider.stop(spec(), { graceful: true, timeout: 1000 })).toMatchObject({ how: 'already' })
    })

    test('a guest that shuts down by itself has not crashed', async () => {
      await startAndWait(spec(guest.brief))
      await until(
        'it is down',
        guest.patience,
        async () => (await provider.status(spec())).state === 'stopped',
      )
      expect(await provider.status(spec())).toMatchObject({ crashed: false })
    })

    test('a guest that ignores the request loses its power when the time is up, and not before', async () => {
      await startAndWait(spec(guest.deaf))
      const begun = Date.now()
      const result = await provider.stop(spec(), { graceful: true, timeout: 1500 })
      expect(Date.now() - begun).toBeGreaterThanOrEqual(1500)
      expect(result).toMatchObject({ how: 'forced' })
      expect(await provider.status(spec())).toMatchObject({ state: 'stopped', crashed: false })
    })

    test('waiting for the guest ends when it is aborted, and the machine goes on', async () => {
      await provider.start(spec(guest.deaf))
      const quit = new AbortController()
      setTimeout(() => quit.abort(new Error('enough')), 300)
      const options = { graceful: true, timeout: 60_000, signal: quit.signal }
      await expect(provider.stop(spec(), options)).rejects.toThrow('enough')
      expect((await provider.status(spec())).state).toBe('running')
    })

    test('a killed process is a crash, which is told until it starts again', async () => {
      const running = await provider.status(spec())
      if (running.state !== 'running' || running.pid === undefined) throw new Error(`it is ${running.state}`)
      process.kill(running.pid, 'SIGKILL')
      await until('it is seen', 5000, async () => (await provider.status(spec())).state === 'stopped')
      const crashed = { state: 'stopped', crashed: true, reason: expect.stringMatching(/\S/) }
      expect(await (await make()).status(spec())).toEqual(crashed)
      expect(await provider.stop(spec(), { graceful: true, timeout: 1000 })).toMatchObject({ how: 'already' })
      await provider.start(spec())
      expect((await provider.status(spec())).state).toBe('running')
    })

    test('cutting the power is not a crash', async () => {
      expect(await stopNow()).toMatchObject({ how: 'forced' })
      expect(await provider.status(spec())).toMatchObject({ state: 'stopped', crashed: false })
    })

    test('the console log holds what every run printed', async () => {
      const log = await readFile(machine.spec.files.consoleLog, 'latin1')
      expect(log.split(guest.says).length - 1).toBeGreaterThanOrEqual(3)
    })

    test('destroy leaves nothing, twice', async () => {
      await provider.destroy(spec())
      await provider.destroy(spec())
      expect(await provider.status(spec())).toEqual({ state: 'absent' })
      expect(await filesUnder(machine.folder)).toEqual([])
    })
  })
}

async function listen(port: number, says = ''): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(says))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function filesUnder(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true })
  return all.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
}
