import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askAgentToShutDown } from '../../../src/provider-kit/guest-agent.ts'

let folder: string
let server: Server | undefined
let heard: string
let open: Socket[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posada-agent-'))
  heard = ''
  open = []
})

afterEach(async () => {
  for (const socket of open) socket.destroy()
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)))
  server = undefined
  await rm(folder, { recursive: true, force: true })
})

async function agent(answer: (id: number) => string): Promise<string> {
  const path = join(folder, 'agent')
  server = createServer((socket) => {
    open.push(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      heard += bytes.toString()
      const sync = /"guest-sync","arguments":\{"id":(\d+)\}/.exec(bytes.toString())
      if (sync !== null) socket.write(answer(Number(sync[1])))
    })
  })
  await new Promise<void>((resolve) => server?.listen(path, resolve))
  return path
}

test('an agent that answers is given the order, also after what it had left unsaid', async () => {
  const path = await agent((id) => `{"return": 17}\n{"return": ${id}}\n`)
  expect(await askAgentToShutDown(path)).toBe(true)
  await expect.poll(() => heard).toContain('"guest-shutdown"')
})

test('one that hangs up, floods or is not there gets none', async () => {
  expect(await askAgentToShutDown(join(folder, 'nobody'))).toBe(false)
  const path = await agent(() => 'x'.repeat(100_000))
  expect(await askAgentToShutDown(path)).toBe(false)
  expect(heard).not.toContain('guest-shutdown')
})
