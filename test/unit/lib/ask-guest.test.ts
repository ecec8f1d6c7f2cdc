import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askToShutDown } from '../../../src/lib/ask-guest.ts'
import { processIdentity } from '../../../src/lib/process-identity.ts'

let folder: string
let hypervisor: ChildProcess
let agents: Server[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posada-ask-'))
  hypervisor = spawn('sleep', ['60'], { stdio: 'ignore' })
  agents = []
})
afterEach(async () => {
  hypervisor.kill('SIGKILL')
  await Promise.all(agents.map((agent) => new Promise((resolve) => agent.close(resolve))))
  await rm(folder, { recursive: true, force: true })
})

/** A guest agent that answers, and shuts down or fails to. */
async function agent(obeys: boolean): Promise<string> {
  const path = join(folder, 'agent')
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      const id = /"id":(\d+)/.exec(String(data))?.[1]
      if (id !== undefined) socket.write(`{"return":${id}}\n`)
      if (String(data).includes('guest-shutdown') && obeys) hypervisor.kill('SIGKILL')
    })
  })
  agents.push(server)
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return path
}

async function ask(options: { agent?: string; press?: () => void; timeout?: number }) {
  const identity = await processIdentity(hypervisor.pid ?? 0)
  if (identity === null) throw new Error('no process')
  return await askToShutDown({
    hypervisor: identity,
    agent: options.agent ?? null,
    press: async () => options.press?.(),
    timeout: options.timeout ?? 10_000,
  })
}

test('an agent is asked first, and the button left alone', async () => {
  let presses = 0
  const press = () => {
    presses += 1
  }
  expect(await ask({ agent: await agent(true), press })).toBe('agent')
  expect(presses).toBe(0)
})

test('without an agent, or with one that does not answer, the button is pressed', async () => {
  const press = () => void hypervisor.kill('SIGKILL')
  expect(await ask({ agent: join(folder, 'nobody'), press })).toBe('acpi')
})

test('a guest that missed the button is pressed again (3 s)', async () => {
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
  expect(await ask({ agent: await agent(false), timeout: 500 })).toBeNull()
  expect(Date.now() - begun).toBeGreaterThanOrEqual(500)
})
