import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { processIdentity } from '../../../src/lib/process/process-identity.ts'
import { type AgentChannel, askToShutDown } from '../../../src/provider-kit/ask-guest.ts'

let folder: string
let hypervisor: ChildProcess
let agents: Server[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posada-ask-'))
  hypervisor = spawn('sleep', ['60'], { stdio: 'ignore' })
  agents = []
})
afterEach(async () => {
  vi.useRealTimers()
  hypervisor.kill('SIGKILL')
  await Promise.all(agents.map((agent) => new Promise((resolve) => agent.close(resolve))))
  await rm(folder, { recursive: true, force: true })
})

/** A guest agent that answers, and shuts down, does so slowly, or fails to, or that hears no one until the second call. */
async function agent(does: 'obeys' | 'obeys slowly' | 'fails' | 'answers late'): Promise<AgentChannel> {
  const path = join(folder, 'agent')
  let listens = true
  let calls = 0
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    calls += 1
    if (does === 'answers late' && calls === 1) return void socket.destroy()
    socket.on('data', (data) => {
      const id = /"id":(\d+)/.exec(String(data))?.[1]
      if (id !== undefined) socket.write(`{"return":${id}}\n`)
      if (!String(data).includes('guest-shutdown') || does === 'fails') return
      listens = false
      setTimeout(() => hypervisor.kill('SIGKILL'), does === 'obeys slowly' ? 500 : 0)
    })
  })
  agents.push(server)
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return { socket: path, listens: async () => listens }
}

const limits = { first: 100, longest: 200 }

async function ask(options: { agent?: AgentChannel; press?: () => void; timeout?: number }) {
  const identity = await processIdentity(hypervisor.pid ?? 0)
  if (identity === null) throw new Error('no process')
  const { agent = null, press, timeout = 10_000 } = options
  return await askToShutDown({ hypervisor: identity, agent, press: async () => press?.(), timeout }, limits)
}

test('an agent is asked first, and the button left alone', async () => {
  let presses = 0
  const press = () => {
    presses += 1
  }
  expect(await ask({ agent: await agent('obeys'), press })).toBe('agent')
  expect(presses).toBe(0)
})

test('an agent that has left obeys, slow as the guest may be: the button is left alone', async () => {
  let presses = 0
  const press = () => {
    presses += 1
  }
  expect(await ask({ agent: await agent('obeys slowly'), press })).toBe('agent')
  expect(presses).toBe(0)
})

test('an agent that stays has failed: the button is pressed', async () => {
  const press = () => void hypervisor.kill('SIGKILL')
  expect(await ask({ agent: await agent('fails'), press })).toBe('acpi')
})

test('an agent that did not answer is asked again, beside the button', async () => {
  let presses = 0
  const press = () => {
    presses += 1
  }
  expect(await ask({ agent: await agent('answers late'), press })).toBe('agent')
  expect(presses).toBe(1)
})

test('an agent that comes up later is asked then', async () => {
  const late = await agent('obeys')
  let looks = 0
  const listens = async () => {
    looks += 1
    return looks > 1 && (await late.listens())
  }
  expect(await ask({ agent: { ...late, listens } })).toBe('agent')
})

test('without an agent, or with one that does not answer, the button is pressed', async () => {
  const press = () => void hypervisor.kill('SIGKILL')
  expect(await ask({ press })).toBe('acpi')
  hypervisor = spawn('sleep', ['60'], { stdio: 'ignore' })
  const missing = { socket: join(folder, 'missing'), listens: async () => true }
  expect(await ask({ agent: missing, press })).toBe('acpi')
})

test('a guest that missed the button is pressed again', async () => {
  let presses = 0
  const press = () => {
    presses += 1
    if (presses === 2) hypervisor.kill('SIGKILL')
  }
  expect(await ask({ press })).toBe('acpi')
  expect(presses).toBe(2)
})

test('one that heeds nothing is given up when the time is over, not before', async () => {
  const begun = Date.now()
  expect(await ask({ agent: await agent('fails'), timeout: 500 })).toBeNull()
  expect(Date.now() - begun).toBeGreaterThanOrEqual(500)
})

test('waits for a guest that goes down while the clock is set forward', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const identity = await processIdentity(hypervisor.pid ?? 0)
  if (identity === null) throw new Error('no identity')
  const press = async () => {
    vi.setSystemTime(Date.now() + 3_600_000)
    setTimeout(() => hypervisor.kill('SIGKILL'), 100)
  }
  const asked = askToShutDown({ hypervisor: identity, agent: null, press, timeout: 15_000 })
  expect(await asked).toBe('acpi')
})
