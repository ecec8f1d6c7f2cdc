import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectQmp, withQmp } from '../../../../../providers/qemu/qmp/client.ts'

const greeting = '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}}}\n'
let folder: string
let path: string
let server: Server
let open: Socket[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posada-qmp-'))
  path = join(folder, 'qmp')
  open = []
})

afterEach(async () => {
  for (const socket of open) socket.destroy()
  if (server?.listening) await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true, force: true })
})

/** Greets, then lets `answer` say what to send back to each command. */
async function serve(answer: (command: { execute: string; id: number }) => string): Promise<void> {
  server = createServer((socket) => {
    open.push(socket)
    socket.on('error', () => socket.destroy())
    socket.write(greeting)
    socket.on('data', (bytes) => {
      for (const line of bytes.toString().trim().split('\n')) socket.write(answer(JSON.parse(line)))
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
}

const done = ({ id }: { id: number }) => `{"return": {}, "id": ${id}}\n`

test('no one listens: null', async () => {
  expect(await connectQmp(path, { timeout: 1000 })).toBeNull()
})

test('answers find their commands in whatever order they come, events their listeners', async () => {
  let first: string | null = null
  await serve((command) => {
    if (command.execute === 'qmp_capabilities') return done(command)
    if (first === null) {
      first = `{"return": "${command.execute}", "id": ${command.id}}\n`
      return '{"event": "STOP", "timestamp": {}}\n'
    }
    return `{"return": "${command.execute}", "id": ${command.id}}\n${first}`
  })
  const events: string[] = []
  const answers = await withQmp(path, { timeout: 1000 }, async (client) => {
    expect(client.version).toBe('7.2.0')
    client.onEvent((event) => events.push(event.name))
    return await Promise.all([client.execute('one'), client.execute('two')])
  })
  expect(answers).toEqual(['one', 'two'])
  expect(events).toEqual(['STOP'])
})

test('a refusal is E_QMP with what QEMU said', async () => {
  await serve((command) =>
    command.execute === 'qmp_capabilities'
      ? done(command)
      : `{"error": {"class": "GenericError", "desc": "not now"}, "id": ${command.id}}\n`,
  )
  await expect(withQmp(path, { timeout: 1000 }, (client) => client.execute('eject'))).rejects.toMatchObject({
    code: 'E_QMP',
    message: 'QEMU refused eject: not now',
  })
})

test('silence is E_QMP_TIMEOUT, and names the command', async () => {
  await serve((command) => (command.execute === 'qmp_capabilities' ? done(command) : ''))
  await expect(withQmp(path, { timeout: 50 }, (client) => client.execute('stop'))).rejects.toMatchObject({
    code: 'E_QMP_TIMEOUT',
    value: 'stop',
  })
})

test('a connection that breaks off is E_QMP for whoever waits', async () => {
  await serve((command) => {
    if (command.execute !== 'qmp_capabilities') for (const socket of open) socket.destroy()
    return done(command)
  })
  await expect(withQmp(path, { timeout: 1000 }, (client) => client.execute('quit'))).rejects.toMatchObject({
    code: 'E_QMP',
  })
})

test('a flood without line ends is cut off', async () => {
  await serve((command) =>
    command.execute === 'qmp_capabilities' ? done(command) : ' '.repeat(2 * 1024 * 1024),
  )
  await expect(withQmp(path, { timeout: 5000 }, (client) => client.execute('x'))).rejects.toMatchObject({
    code: 'E_QMP',
  })
})

test('an abort throws its reason', async () => {
  await serve((command) => (command.execute === 'qmp_capabilities' ? done(command) : ''))
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error('enough')), 30)
  const limits = { timeout: 5000, signal: controller.signal }
  await expect(withQmp(path, limits, (client) => client.execute('x'))).rejects.toThrow('enough')
})

test('what comes after an abort is not asked any more', async () => {
  const asked: string[] = []
  await serve((command) => {
    asked.push(command.execute)
    return done(command)
  })
  const controller = new AbortController()
  const limits = { timeout: 5000, signal: controller.signal }
  const work = withQmp(path, limits, async (client) => {
    controller.abort(new Error('enough'))
    await client.execute('quit')
  })
  await expect(work).rejects.toThrow('enough')
  expect(asked).toEqual(['qmp_capabilities'])
})
