// Run by `node --test`. Each test finds the machines as they were when they were ready.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import * as posada from 'posada/test'

/** @type {posada.Environment} */
let env

before(async () => {
  env = await posada.environment({ manifest: new URL('posada.yaml', import.meta.url) })
})
afterEach(() => env.rewind())
after(() => env?.destroy())

test('a note is added', async () => {
  await env.machine('db').exec('cat > /srv/notes/2', { input: 'second\n' })
  const { stdout } = await env.machine('db').exec(['cat', '/srv/notes/1', '/srv/notes/2'])
  assert.equal(stdout, 'first\nsecond\n')
})

test('what the test before did is gone', async () => {
  const { stdout, exitCode } = await env.machine('db').exec('ls /srv/notes')
  assert.deepEqual({ stdout, exitCode }, { stdout: '1\n', exitCode: 0 })
})

test('a port leads into a machine, also after a rewind', async () => {
  const serve = async (page) => {
    await env.machine('web').exec(`mkdir /tmp/www && echo ${page} > /tmp/www/index.html && sudo httpd -h /tmp/www`)
    const [{ hostAddress, hostPort }] = env.machine('web').ports
    return (await fetch(`http://${hostAddress}:${hostPort}/`)).text()
  }
  assert.equal(await serve('first'), 'first\n')
  await env.rewind()
  assert.equal(await serve('second'), 'second\n')
})

test('the network between them is cut, and is whole after a rewind', async () => {
  const ping = async (seconds) => (await env.machine('web').exec(`sudo ping -4 -c 1 -W ${seconds} db`)).exitCode
  assert.equal(await ping(20), 0)
  await env.cut('web', 'db')
  assert.notEqual(await ping(1), 0)
  await env.rewind()
  assert.equal(await ping(20), 0)
})
