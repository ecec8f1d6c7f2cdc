import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../helpers/free-port.ts'
import { holdersOf } from '../../helpers/holders.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, launcher } from '../../helpers/posada.ts'

// Boots posada/tiny once: about 15 s with emulated processors.

interface Ports {
  machines: { ports: { hostPort: number; guestPort: number; auto?: true }[] }[]
}

let place: MachinesPlace
let port: number
beforeAll(async () => {
  place = machinesPlace('auto ports')
  port = await freePort()
  place.write(manifest('web'))
})
afterAll(() => place.cleanUp())

const manifest = (machine: string) => `version: 1
networks: {lan: {}}
machines:
  ${machine}:
    box: posada/tiny
    memory: 128MiB
    networks: [lan]
    ports: [auto, "${port}:80"]
    provision:
      - {shell: "while :; do echo hello | nc -l -p 7000; done </dev/null >/dev/null 2>&1 &", run: always}
`

const forwarded = async () => {
  const { machines } = await place.json<Ports>('ports')
  return Object.fromEntries(machines[0]?.ports.map(({ guestPort, hostPort }) => [guestPort, hostPort]) ?? [])
}
async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries++) {
    if (tries > 100) throw new Error('it did not come')
    await sleep(300)
  }
}
async function hear(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    text += chunk
  })
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}
/** Processes that forward ports for this project. */
const forwarders = () => place.processes(/forwarder\.js/)

it('forwards what listens after up, and what begins and ends to listen', async () => {
  const lock = join(place.dir, 'lock')
  const shell = ['-c', 'exec 200>"$0"; flock -n 200; "$@"', lock, process.execPath, launcher, 'up']
  const { code, stderr } = await ended(spawn('bash', shell, { cwd: place.dir, env: place.env }))
  expect(code, stderr).toBe(0)
  // Of what goes on: the machine, its forwarder, the network's process and their helpers.
  expect(holdersOf(lock)).toEqual([])
  await until(async () => 7000 in (await forwarded()))
  expect(await hear((await forwarded())[7000] ?? 0)).toBe('hello\n')
  expect(Object.keys(await forwarded())).not.toContain('22')
  await place.run('exec', 'web', '--', 'sh', '-c', 'echo once | nc -l -p 7001 >/dev/null 2>&1 &')
  await until(async () => 7001 in (await forwarded()))
  expect(await hear((await forwarded())[7001] ?? 0)).toBe('once\n')
  await until(async () => !(7001 in (await forwarded())))
  expect(readFileSync(join(place.dir, '.posada/machines/web/ports.log'), 'utf8')).toMatch(
    /leads to 7001\n(.|\n)*no longer leads to 7001\n/,
  )
})

it('a process that was killed is told of, and begun again by the next up', async () => {
  const [pid] = forwarders()
  process.kill(pid ?? 0, 'SIGKILL')
  await until(async () => forwarders().length === 0)
  const shown = await place.run('ports')
  expect(shown.code).toBe(0)
  expect(shown.stderr).toContain('automatic port forwarding has stopped')
  await place.json('up')
  expect(forwarders()).toHaveLength(1)
  await place.json('up')
  expect(forwarders()).toHaveLength(1)
})

it('a machine that was renamed is named where its port is wanted again', async () => {
  place.write(manifest('app'))
  const { message, hint } = await place.fails('E_PORT_IN_USE', 'up')
  expect(message).toMatch(/in use by machine web of this project, which the manifest no longer has$/)
  expect(hint).toContain('posada halt web')
  place.write(manifest('web'))
})

it('ends with the machine', async () => {
  await place.json('halt', '--force')
  await until(async () => forwarders().length === 0)
})
