import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { PosadaError } from '../../../../src/errors/index.ts'
import { hostBootId } from '../../../../src/lib/process/boot-id.ts'
import { isAlive, processIdentity } from '../../../../src/lib/process/process-identity.ts'
import { type Hypervisor, machineLife, startMachine } from '../../../../src/provider-kit/index.ts'
import { readRunRecord, writeRunRecord } from '../../../../src/provider-kit/run-record.ts'
import { exampleSpec } from '../../providers/qemu/spec.ts'

interface Run {
  bootId: string
}

const parseRun = ({ bootId }: Record<string, unknown>) => (typeof bootId === 'string' ? { bootId } : null)
const force = { graceful: false, timeout: 0 }

let folder: string
let child: ChildProcess | null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-life-'))
  child = null
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** A machine whose hypervisor is a shell that does nothing, or does not end by SIGTERM. */
async function machine({
  deaf = false,
  trap = deaf ? 'trap "" TERM' : ':',
  ...parts
}: Partial<Hypervisor<Run>> & { deaf?: boolean; trap?: string } = {}) {
  const spec = {
    ...exampleSpec(),
    disks: [{ name: 'root', path: join(folder, 'root.qcow2'), size: 512 }],
    files: {
      dataDir: folder,
      runtimeDir: join(folder, 'run'),
      consoleLog: join(folder, 'console.log'),
      providerLog: join(folder, 'provider.log'),
    },
  }
  writeFileSync(join(folder, 'root.qcow2'), '')
  child = spawn('sh', ['-c', `${trap}; echo; while :; do sleep 0.1; done`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await new Promise((resolve) => child?.stdout?.once('data', resolve))
  const identity = await processIdentity(child.pid ?? 0)
  if (identity === null) throw new Error('no process')
  const calls: string[] = []
  const record = join(folder, 'record.json')
  const hypervisor: Hypervisor<Run> = {
    name: 'the shell',
    code: 'E_CONTROL',
    termLimit: deaf ? 100 : 30_000,
    files: () => ({ record, agent: join(folder, 'agent.sock') }),
    logs: ({ files: { consoleLog } }) => [{ path: consoleLog, limit: 10 }],
    readRecord: () => readRunRecord(record, spec.id, parseRun),
    writeRecord: (_spec, run) => writeRunRecord(record, spec.id, run),
    find: async () => ((await isAlive(identity)) ? identity : null),
    state: async () => ({ state: 'running' }),
    order: async (_spec, order) => {
      calls.push(order)
      if (order === 'quit') child?.kill('SIGKILL')
      return true
    },
    counters: async () => ({ disk: { read: 1, written: 2 }, network: null, helper: { cpu: 3, memory: 4 } }),
    agentListens: async () => false,
    accelerator: () => 'none',
    ending: async () => null,
    ...parts,
  }
  await hypervisor.writeRecord(spec, { bootId: await hostBootId() })
  return { spec, hypervisor, calls, identity, life: machineLife(hypervisor) }
}

describe('stop', () => {
  // As after a logout, which takes the folder of its sockets away.
  it('presses the power button by a signal where the hypervisor hears no order', async () => {
    const { life, spec } = await machine({
      trap: 'trap "exit 0" PWR',
      order: async () => false,
      powerSignal: 'SIGPWR',
      ending: async () => ({ crashed: false, byGuest: true }),
    })
    const options = { graceful: true, timeout: 60_000 }
    expect(await life.stop(spec, options)).toEqual({ how: 'graceful', via: 'acpi' })
  })

  it('sends no such signal to a process that would end by it', async () => {
    const { life, spec } = await machine({ order: async () => false, powerSignal: 'SIGPWR' })
    const options = { graceful: true, timeout: 300 }
    // Only when the time is over.
    expect(await life.stop(spec, options)).toEqual({ how: 'forced', via: 'signal' })
  })

  it('waits for an agent that does not listen yet (takes 3 s)', { timeout: 90_000 }, async () => {
    let looks = 0
    const { life, spec } = await machine({
      order: async () => true,
      agentListens: async () => ++looks > 1,
      ending: async () => ({ crashed: false, byGuest: true }),
    })
    const agent = createServer((socket) => {
      socket.on('data', (data) => {
        const id = /"id":(\d+)/.exec(String(data))?.[1]
        if (id !== undefined) socket.write(`{"return":${id}}\n`)
        if (String(data).includes('guest-shutdown')) child?.kill('SIGKILL')
      })
    })
    onTestFinished(() => void agent.close())
    await new Promise<void>((resolve) => agent.listen(join(folder, 'agent.sock'), resolve))
    expect(await life.stop(spec, { graceful: true, timeout: 60_000 })).toEqual({
      how: 'graceful',
      via: 'agent',
    })
  })

  it('has a machine that stands still go on first, and cuts the power of one that does not go down', async () => {
    const { life, spec, calls } = await machine({ state: async () => ({ state: 'paused' }) })
    expect(await life.stop(spec, { graceful: true, timeout: 0 })).toEqual({ how: 'forced', via: 'quit' })
    expect(calls).toEqual(['resume', 'powerdown', 'quit'])
    expect(await life.stop(spec, { graceful: true, timeout: 0 })).toEqual({ how: 'already', via: 'none' })
  })

  it('does not take an end that is not the guest’s own for a shutdown', async () => {
    const { life, spec } = await machine({
      order: async () => child?.kill('SIGKILL') ?? true,
      ending: async () => ({ crashed: true, byGuest: false }),
    })
    expect(await life.stop(spec, { graceful: true, timeout: 10_000 })).toEqual({
      how: 'forced',
      via: 'itself',
    })
  })

  it('takes it for a shutdown when the guest goes down just as the time is over', async () => {
    const cuts: string[] = []
    const { life, spec } = await machine({
      order: async (_spec, order) => (order === 'powerdown' ? (child?.kill('SIGKILL') ?? true) : true),
      ending: async () => ({ crashed: false, byGuest: true }),
      onCut: async () => void cuts.push('cut'),
    })
    const asked = life.stop(spec, { graceful: true, timeout: 0 })
    expect(await asked).toMatchObject({ how: 'graceful', via: 'acpi' })
    expect(cuts).toEqual([])
  })

  it.each([
    { how: 'does not answer', order: () => Promise.reject(new PosadaError('E_CONTROL', 'no answer')) },
    { how: 'does not listen', order: () => Promise.resolve(false) },
  ])('ends a process that $how by a signal', async ({ order }) => {
    const { life, spec } = await machine({ order })
    expect(await life.stop(spec, force)).toEqual({ how: 'forced', via: 'signal' })
  })

  it('kills one that does not end by a signal, and has it written down; on a full disk, too', async () => {
    const told: string[] = []
    const full = async (what: string) => {
      told.push(what)
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    }
    const { life, spec, identity } = await machine({
      deaf: true,
      order: async () => false,
      onCut: () => full('cut'),
      onKilled: () => full('killed'),
    })
    expect(await life.stop(spec, force)).toEqual({ how: 'forced', via: 'kill' })
    expect([told, await isAlive(identity)]).toEqual([['cut', 'killed'], false])
  })
})

describe('status', () => {
  it('takes a process that does not answer for one that runs', async () => {
    const { life, spec, identity } = await machine({ state: async () => null })
    expect(await life.status(spec)).toEqual({ state: 'running', pid: identity.pid, accelerator: 'none' })
  })

  it('tells of a process that ends while it is asked as of one that has ended', async () => {
    const { life, spec, identity, hypervisor } = await machine({
      state: async () => {
        await hypervisor.writeRecord(spec, null)
        child?.kill('SIGKILL')
        while (await isAlive(identity)) await new Promise((resolve) => setTimeout(resolve, 5))
        return null
      },
    })
    expect(await life.status(spec)).toEqual({ state: 'stopped', crashed: false })
  })

  it.each([
    { what: 'this start of the host', bootId: null, reason: 'the process of the shell ended without being' },
    { what: 'an earlier one', bootId: 'another', reason: 'the host was restarted while it ran' },
  ])('calls a run without an end a crash: of $what', async ({ bootId, reason }) => {
    const { life, spec, hypervisor } = await machine({ find: async () => null })
    if (bootId !== null) await hypervisor.writeRecord(spec, { bootId })
    const crash = { state: 'stopped', crashed: true, reason: expect.stringContaining(reason) }
    expect(await life.status(spec)).toEqual(crash)
  })

  it('says nothing of how it ended where the record is damaged, and absent where there is none', async () => {
    const { life, spec } = await machine({ find: async () => null })
    writeFileSync(join(folder, 'record.json'), '{')
    expect(await life.status(spec)).toMatchObject({
      state: 'stopped',
      crashed: false,
      reason: expect.stringContaining('damaged'),
    })
    rmSync(join(folder, 'record.json'))
    expect(await life.status(spec)).toEqual({ state: 'absent' })
  })
})

describe('start', () => {
  it('checks before it touches anything, and puts away what is left of the last run', async () => {
    const { spec, hypervisor } = await machine({ find: async () => null })
    writeFileSync(spec.files.consoleLog, 'a long console')
    mkdirSync(spec.files.runtimeDir)
    const stale = join(spec.files.runtimeDir, 'old.sock')
    writeFileSync(stale, '')
    const refused = async () => {
      throw new PosadaError('E_PORT_IN_USE', 'port 80 is in use')
    }
    await expect(startMachine(hypervisor, { spec, prepare: refused })).rejects.toMatchObject({
      code: 'E_PORT_IN_USE',
    })
    expect(existsSync(`${spec.files.consoleLog}.1`)).toBe(false)
    let there: boolean | null = null
    const launch = async () => {
      there = existsSync(stale)
    }
    await startMachine(hypervisor, { spec, prepare: async () => launch, stale: [stale] })
    expect([there, existsSync(`${spec.files.consoleLog}.1`)]).toEqual([false, true])
  })

  it('leaves a machine alone that runs, and has one go on that stands still', async () => {
    const prepare = () => Promise.reject(new Error('not to be prepared'))
    const one = await machine()
    await startMachine(one.hypervisor, { spec: one.spec, prepare })
    expect(one.calls).toEqual([])
    child?.kill('SIGKILL')
    const other = await machine({ state: async () => ({ state: 'paused' }) })
    await startMachine(other.hypervisor, { spec: other.spec, prepare })
    expect(other.calls).toEqual(['resume'])
  })
})

it('destroy leaves nothing, and refuses a machine that runs', async () => {
  const { life, spec } = await machine()
  await expect(life.destroy(spec)).rejects.toThrow('running')
  await life.stop(spec, force)
  for (const name of ['console.log', 'console.log.1', 'agent.sock', 'record.json.1234.tmp'])
    writeFileSync(join(folder, name), '')
  await life.destroy(spec)
  expect(readdirSync(folder)).toEqual([])
})
