import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askAgent } from '../../../../src/lib/net/agent-client.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'

/** An agent that says these after it has heard the sync and the command; `ID` is that of the sync. */
async function agent(sync: string, answer: string) {
  const path = join(await temporaryFolder(onTestFinished), 'agent')
  const open: Socket[] = []
  const heard: Buffer[] = []
  const server = createServer((socket) => {
    open.push(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      heard.push(bytes)
      const text = bytes.toString('latin1')
      const [, id] = /"id":(\d+)/.exec(text) ?? []
      if (id !== undefined) socket.write(sync.replace('ID', id))
      if (text.includes('guest-exec')) socket.write(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(async () => {
    for (const socket of open) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { ask: (options = {}) => askAgent(path, { execute: 'guest-exec' }, options), heard }
}

const left =
  '{"error": {"class": "GenericError", "desc": "JSON parse error"}}\n{"return": 17}\n{"return": ID}\n'

test('what an agent returned, after what it had left unsaid', async () => {
  const { ask, heard } = await agent(left, '{"return": {"pid": 5}}\n')
  expect(await ask()).toEqual({ returned: { pid: 5 } })
  expect(Buffer.concat(heard)[0]).toBe(0xff)
})

test('why it refused', async () => {
  const disabled = '{"error": {"class": "CommandNotFound", "desc": "Command guest-exec has been disabled"}}\n'
  expect(await (await agent(left, disabled)).ask()).toEqual({
    refused: 'Command guest-exec has been disabled',
  })
  expect(await (await agent(left, '{"error": 5}\n')).ask()).toMatchObject({ refused: expect.any(String) })
})

test.each([
  ['floods', 'x'.repeat(100_000), ''],
  ['floods after the sync', left, 'x'.repeat(100_000)],
  ['says what is not an answer', left, '[]\n'],
])('nothing of one that %s', async (_, sync, answer) => {
  expect(await (await agent(sync, answer)).ask()).toBeNull()
})

test('nothing where no one listens, or who asks is interrupted', async () => {
  expect(await askAgent('/nowhere/agent', { execute: 'guest-exec' })).toBeNull()
  const stop = new AbortController()
  const { ask } = await agent('', '')
  const asked = ask({ signal: stop.signal })
  stop.abort()
  expect(await asked).toBeNull()
})
