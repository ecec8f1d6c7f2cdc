import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { landlockVersion } from '../../../providers/kvm/confine/landlock.ts'
import { createKvmProvider } from '../../../providers/kvm/provider.ts'
import type { MachineSpec, Provider } from '../../../src/provider/index.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { discard, type SandboxMachine, sandboxMachine } from '../../helpers/sandbox-machine.ts'
import { writeTinyKernel } from './tiny-kernel.ts'

const soon = { interval: 20, timeout: 20_000 }
const EPERM = 'errno 1'

// A machine's process with code of a guest that owns it: test/fixtures/kvm/hostile.cjs. Some 2 s.
describe.skipIf(!hasKvm)('what a guest reaches that owns its hypervisor (needs /dev/kvm)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  let provider: Provider
  let machine: SandboxMachine
  const folder = mkdtempSync(join(tmpdir(), 'posada-user-'))
  const servers = [createServer(), createServer()] as const

  beforeAll(async () => {
    entries = await buildKvmEntries()
    const program = join(entries.folder, 'kvm-machine.cjs')
    const hostile = readFileSync(join(import.meta.dirname, '../../fixtures/kvm/hostile.cjs'))
    writeFileSync(program, Buffer.concat([readFileSync(program), Buffer.from('\n'), hostile]))
    provider = createKvmProvider({ cacheDir: join(folder, 'cache'), emit: () => undefined }, entries.folder)
    writeFileSync(join(folder, 'secret'), 'hunter2')
    await new Promise<void>((resolve) => servers[0].listen(0, '127.0.0.1', resolve))
    await new Promise<void>((resolve) => servers[1].listen(join(folder, 'socket'), resolve))
  })
  afterAll(async () => {
    for (const server of servers) server.close()
    rmSync(folder, { recursive: true })
    await entries.remove()
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await discard(provider, machine)
  })

  async function attacked(
    natively: boolean,
  ): Promise<{ spec: MachineSpec; pid: number; found: Record<string, string> }> {
    const boot = { kind: 'kernel', kernel: '', cmdline: '' } as const
    machine = await sandboxMachine({ boot, memory: 16 * 2 ** 20 }, 22)
    const kernel = writeTinyKernel(machine.folder, 'obedient')
    const spec = { ...machine.spec, nics: [], boot: { ...boot, kernel } }
    machine = { ...machine, spec }
    await mkdir(dirname(spec.files.consoleLog), { recursive: true })
    await provider.create(spec)
    const { port } = servers[0].address() as AddressInfo
    const target = {
      folder,
      secret: join(folder, 'secret'),
      socket: join(folder, 'socket'),
      port,
      pid: process.pid,
      natively,
    }
    writeFileSync(join(spec.files.dataDir, 'target.json'), JSON.stringify(target))
    await provider.start(spec)
    const status = await provider.status(spec)
    if (status.state !== 'running' || status.pid === undefined) throw new Error(status.state)
    const result = join(spec.files.dataDir, 'attack.json')
    await vi.waitFor(() => expect(existsSync(result)).toBe(true), soon)
    const found = await vi.waitFor(
      () => JSON.parse(readFileSync(result, 'utf8')) as Record<string, string>,
      soon,
    )
    return { spec, pid: status.pid, found }
  }

  it('is its own machine’s files, and no other, no network and no program', async () => {
    const { spec, pid, found } = await attacked(true)
    const { 'own file': own, clone3, ...refused } = found
    expect({ own, clone3 }).toEqual({ own: 'worked', clone3: 'errno 38' })
    const files = /^(read|write|list|make|environment|files|link|listen in)/
    const byLandlock = Object.keys(refused).filter((name) => files.test(name))
    expect(byLandlock.length).toBeGreaterThan(8)
    for (const [name, said] of Object.entries(refused)) {
      if (byLandlock.includes(name) && landlockVersion() === 0) continue
      expect([name, ['EACCES', 'EPERM', EPERM].includes(said) ? 'refused' : said]).toEqual([name, 'refused'])
    }
    // All of its threads, V8's included.
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
      expect(status).toMatch(/^Seccomp:\t2$/m)
    }
    // It does its work all the same.
    expect(await provider.stop(spec, { graceful: true, timeout: 5000 })).toEqual({
      how: 'graceful',
      via: 'acpi',
    })
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('hunter2')
  })

  it('is all that is the user’s, where the user says so, and the log tells', async () => {
    vi.stubEnv('POSADA_UNCONFINED', '1')
    const { spec, found } = await attacked(false)
    expect(found).toMatchObject({
      'read a file of the user': 'worked',
      spawn: 'worked',
      'connect to a port': 'worked',
    })
    expect(readFileSync(spec.files.providerLog, 'utf8')).toContain('not confined, as POSADA_UNCONFINED says')
  })
})
