import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../helpers/free-port.ts'
import { firstWords } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { outsideAddress, outsideServers } from '../../helpers/outside-servers.ts'

// Two tiny machines boot: half a minute with emulated processors. Several NICs, an isolated network, ports of
// every kind, a network process that is killed.
let place: MachinesPlace
let taken: Server
let ports: { udp: number; range: number; taken: number }

beforeAll(async () => {
  place = machinesPlace('two networks')
  taken = createServer((socket) => socket.end('the host\n'))
  await once(taken.listen(0, '127.0.0.1'), 'listening')
  ports = { udp: await freePort(), range: await freeRange(), taken: (taken.address() as AddressInfo).port }
  place.write(`version: 1
name: nics
networks:
  front: {}
  back: {isolated: true}
defaults: {box: posada/tiny, memory: 128MiB}
machines:
  gate:
    networks: [front, back]
    host_access: [${ports.taken}]
    ports:
      - "127.0.0.1:${ports.udp}:5353/udp"
      - "${ports.range}-${ports.range + 1}:7000-7001"
      - {host: ${ports.taken}, guest: 7000, auto: true}
    provision:
      - shell: |
          socat UDP4-LISTEN:5353,fork EXEC:cat </dev/null >/dev/null 2>&1 &
          socat TCP4-LISTEN:7000,fork 'SYSTEM:echo 7000' </dev/null >/dev/null 2>&1 &
          socat TCP4-LISTEN:7001,fork 'SYSTEM:echo 7001' </dev/null >/dev/null 2>&1 &
  closed: {networks: [back]}
`)
  await place.json('up')
})
afterAll(async () => {
  await new Promise((resolve) => taken.close(resolve))
  await place.cleanUp()
})

async function freeRange(): Promise<number> {
  const port = await freePort()
  const next = createServer()
  try {
    await once(next.listen(port + 1, '127.0.0.1'), 'listening')
    await new Promise((resolve) => next.close(resolve))
    return port
  } catch {
    return freeRange()
  }
}

const inGuest = async (machine: string, command: string) =>
  (await place.run('exec', machine, '--', 'sh', '-c', command)).stdout.trim()
/** A shell's words that print what a port says. */
const asks = (to: string) => `socat -T 3 - TCP4:${to},connect-timeout=3 2>/dev/null`
const pings = async (from: string, to: string) =>
  (await inGuest(from, `sudo ping -c 1 -W 5 ${to} >/dev/null && echo yes`)) === 'yes'

async function says(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    text += bytes
  })
  await once(socket, 'close')
  return text.trim()
}

/** What comes back of a datagram; it is sent again until something does. */
async function echo(port: number): Promise<string> {
  const socket = createSocket('udp4')
  const answer = once(socket, 'message')
  const timer = setInterval(() => socket.send('datagram', port, '127.0.0.1'), 200)
  try {
    const [bytes] = (await Promise.race([answer, sleep(20_000, ['nothing'])])) as [Buffer | string]
    // What was sent again may come back with it.
    return bytes.toString().slice(0, 'datagram'.length)
  } finally {
    clearInterval(timer)
    socket.close()
  }
}

async function eachPort(): Promise<string[]> {
  const { machines } = await place.json<{
    machines: { ports: { protocol: string; hostPort: number; guestPort: number; movedFrom?: number }[] }[]
  }>('ports', 'gate')
  const moved = machines[0]?.ports.find(({ movedFrom }) => movedFrom === ports.taken)
  return [
    await echo(ports.udp),
    await says(ports.range),
    await says(ports.range + 1),
    await says(moved?.hostPort ?? 0),
    await says(ports.taken),
  ]
}
const expected = ['datagram', '7000', '7001', '7000', 'the host']

interface Listing {
  running: boolean
  networks: { name: string; machines: { machine: string; ipv4: string; mac: string; linked: boolean }[] }[]
}

const listing = async () => JSON.parse((await place.run('network', 'list', '--json')).stdout) as Listing

it('a machine on two networks has a NIC for each, with the addresses that are told', async () => {
  const { networks } = await listing()
  for (const [index, name] of ['front', 'back'].entries()) {
    const members = networks.find((network) => network.name === name)?.machines
    const gate = members?.find(({ machine }) => machine === 'gate')
    expect(members?.every(({ linked }) => linked)).toBe(true)
    const shown = await inGuest('gate', `ip addr show eth${index + 1}`)
    expect(shown).toContain(gate?.mac)
    expect(shown).toContain(`${gate?.ipv4}/24`)
    expect(shown).toMatch(/inet6 fd/)
  }
})

it('one on an isolated network alone reaches its neighbours and nothing else', async () => {
  expect(await pings('closed', 'gate')).toBe(true)
  expect(await pings('closed', 'gate.nics.internal')).toBe(true)
  expect(await inGuest('closed', asks(`10.0.2.2:${ports.taken}`))).toBe('')
})

it('host_access opens the ports that it names, under a name, and no others', async () => {
  expect(await inGuest('gate', asks(`10.0.2.2:${ports.taken}`))).toBe('the host')
  expect(await inGuest('gate', asks(`host.posada.internal:${ports.taken}`))).toBe('the host')
  const { machines } = await place.json<{ machines: { name: string; ssh: { port: number } }[] }>('status')
  const ssh = machines.find(({ name }) => name === 'closed')?.ssh.port ?? 0
  expect(await firstWords({ port: ssh, host: '127.0.0.1' }, { limit: 10_000 })).toMatch(/^SSH-2/)
  expect(await inGuest('gate', asks(`10.0.2.2:${ssh}`))).toBe('')
})

it.skipIf(outsideAddress === undefined)('the guard lets a guest to the outside, by TCP and UDP', async () => {
  const { tcp, udp } = await outsideServers(onTestFinished)
  expect(await inGuest('gate', asks(`${outsideAddress}:${tcp}`))).toBe('outside')
  const echo = `echo question | socat -t 5 - UDP4:${outsideAddress}:${udp}`
  expect(await inGuest('gate', echo)).toBe('question')
  expect(await inGuest('closed', asks(`${outsideAddress}:${tcp}`))).toBe('')
})

it('ports lead into it: a datagram’s, those of a range, one that was moved because the host’s was taken', async () => {
  expect(await eachPort()).toEqual(expected)
})

it('links come back by themselves where the process of the networks was killed', async () => {
  const lock = join(place.dir, '.posada', 'networks', 'process.lock')
  const { pid } = JSON.parse(readFileSync(lock, 'utf8'))
  process.kill(pid, 'SIGKILL')
  await place.json('up')
  await expect.poll(() => pings('closed', 'gate'), { timeout: 30_000 }).toBe(true)
})

it('the process ends with the last machine', async () => {
  await place.json('halt', '--force', 'gate')
  expect(await listing()).toMatchObject({ running: true })
  await place.json('halt', '--force', 'closed')
  expect(await listing()).toMatchObject({ running: false })
})
