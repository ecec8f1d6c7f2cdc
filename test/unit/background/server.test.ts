import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sendCommand } from '../../../src/background/client.ts'
import { encodeRequest } from '../../../src/background/codec.ts'
import { type ControlServer, serveControl } from '../../../src/background/server.ts'

let dir: string
let path: string
let server: ControlServer
let isAsked: Promise<void>
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'posada-control-'))
  path = join(dir, 'net.sock')
  let asked: () => void = () => undefined
  isAsked = new Promise((resolve) => {
    asked = resolve
  })
  server = await serveControl(path, {
    add: async ({ a, b }) => Number(a) + Number(b),
    fail: async () => {
      throw new Error('it will not')
    },
    much: async () => {
      asked()
      return 'x'.repeat(3_000_000)
    },
  })
})
afterEach(async () => {
  await server.close()
  rmSync(dir, { recursive: true, force: true })
})

const send = (name: string, given: Record<string, unknown> = {}) =>
  sendCommand(path, { name, arguments: given, timeout: 5000 })

it('does what it is asked, and says why it does not', async () => {
  expect(await send('add', { a: 2, b: 3 })).toBe(5)
  await expect(send('fail')).rejects.toMatchObject({ code: 'E_CONTROL', message: 'fail: it will not' })
  await expect(send('dance')).rejects.toThrow('there is no command dance')
})

it('ends, though a client does not read its answer, and can then be asked no longer', async () => {
  const deaf: Socket = connect(path)
  deaf.on('error', () => undefined)
  deaf.pause()
  deaf.write(encodeRequest(1, 'much'))
  await isAsked
  // Its answer is on its way then, and does not fit into what the kernel keeps.
  await new Promise((resolve) => setTimeout(resolve, 100))
  await server.close()
  deaf.destroy()
  expect(await send('add')).toBe(null)
})
