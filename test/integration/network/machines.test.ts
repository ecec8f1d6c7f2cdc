import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lockHolder } from '../../../src/background/process-lock.ts'
import { isAlive } from '../../../src/lib/process/process-identity.ts'
import { projectPaths } from '../../../src/project/paths.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import { carryProgram } from '../../helpers/carried-program.ts'
import { until } from '../../helpers/guest-talk.ts'
import { iperfArguments, iperfClient } from '../../helpers/iperf-client.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { readPcapng } from '../../helpers/pcapng.ts'
import { ended } from '../../helpers/posada.ts'

// Two tiny machines and one of debian/12 boot together; two minutes in all. What a network of three is for: names,
// traffic, cuts, conditions, a capture, the way from the host, and nothing left behind.
let place: MachinesPlace
const machines = ['web', 'db', 'app']
const addressOf: Record<string, string> = { web: '10.40.0.20', db: '10.40.0.10', app: '10.40.0.30' }

beforeAll(async () => {
  place = machinesPlace('shop')
  place.write(`version: 1
name: shop
networks:
  backend: {subnet: 10.40.0.0/24, seed: 1}
defaults: {box: posada/tiny, memory: 192MiB}
machines:
  web: {networks: [{name: backend, address: ${addressOf.web}}]}
  db: {networks: [{name: backend, address: ${addressOf.db}}]}
  app: {box: debian/12, memory: 512MiB, networks: [{name: backend, address: ${addressOf.app}}]}
`)
  await place.json('up')
})
afterAll(() => place.cleanUp())

/** What a script says in a machine; it must succeed. */
async function inside(machine: string, script: string): Promise<string> {
  const ended = await place.run('exec', machine, '--', 'sh', '-c', script)
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0 })
  return ended.stdout
}

async function conditions(...flags: string[]): Promise<void> {
  const ended = await place.run('network', 'conditions', 'web', 'db', ...flags)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
}

test('no machine reaches the loopback of this computer, nor another machine by it', async () => {
  const server = createServer((socket) => socket.end('the host')).listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    const { machines: all } = await place.json<{ machines: { name: string; ssh: { port: number } }[] }>(
      'status',
    )
    const ssh = all.find(({ name }) => name === 'db')?.ssh.port ?? 0
    const ports = [(server.address() as AddressInfo).port, ssh]
    const asks = ports.map((port) => `timeout 5 bash -c 'head -c 4 < /dev/tcp/10.0.2.2/${port}'`)
    expect(await inside('app', `(${asks.join('; ')}) 2>/dev/null; echo nothing`)).toBe('nothing\n')
    expect(await inside('app', 'getent hosts host.posada.internal || echo unknown')).toBe('unknown\n')
  } finally {
    server.close()
  }
})

test('all machines find each other by name, at the addresses of the manifest', async () => {
  const script = (self: string) => {
    const others = machines.filter((name) => name !== self)
    const names = others.flatMap((name) => [name, `${name}.shop.internal`, addressOf[name]])
    const lines = [...names, '10.40.0.1'].map(
      (name) =>
        `ping -4 -c 1 -W 5 ${name} | sed -n 's/^PING [^ ]* (\\([0-9.]*\\)).*/${name} \\1/p; s/^1 packets.* 0%.*/reached/p'`,
    )
    return `sudo sh -c '${lines.join('; ').replaceAll("'", '"')}'`
  }
  const seen = await Promise.all(
    machines.map(async (name) => [name, await inside(name, script(name))] as const),
  )
  for (const [self, text] of seen) {
    const expected = machines
      .filter((name) => name !== self)
      .flatMap((name) =>
        [name, `${name}.shop.internal`, addressOf[name]].map((to) => `${to} ${addressOf[name]}`),
      )
    const lines = [...expected, '10.40.0.1 10.40.0.1'].map((line) => `${line}\nreached\n`)
    expect(text, self).toBe(lines.join(''))
  }
})

test('a guest may ask for names by TCP', async () => {
  // As resolv.conf(5) has it; the lookup goes out of the machine by TCP alone.
  const found = await inside('app', 'RES_OPTIONS=use-vc getent hosts db.shop.internal')
  expect(found).toContain('db.shop.internal')
})

test('iperf3 runs across; a cut stops it, healing resumes it', async () => {
  const folder = join(place.dir, 'iperf3')
  await carryProgram('iperf3', folder)
  await Promise.all(['web', 'db'].map((name) => place.json('copy', 'iperf3', `${name}:/tmp/`)))
  await inside('db', '/tmp/iperf3/iperf3 -s -1 -D')
  const client = iperfClient(place.start('exec', 'web', '--', '/tmp/iperf3/iperf3', ...iperfArguments('db')))
  try {
    await until('bytes flow', 20_000, async () => client.last() > 0)
    await conditions('--cut')
    await until('none flow', 20_000, async () => client.last() === 0)
    await conditions('--heal')
    await until('they flow again', 20_000, async () => client.last() > 0)
  } finally {
    await client.stop()
  }
})

/**
 * Of so many pings from web to db, five milliseconds apart: the part that was lost, and the time of the quickest, to which
 * a busy host adds nothing.
 */
async function pings(count: number): Promise<{ loss: number; quickest: number }> {
  const text = await inside('web', `sudo ping -4 -q -c ${count} -i 0.005 -W 3 ${addressOf.db} || true`)
  const [, sent, received] = /(\d+) packets transmitted, (\d+) packets received/.exec(text) ?? []
  const quickest = /min\/avg\/max = ([\d.]+)/.exec(text)?.[1]
  return { loss: 1 - Number(received) / Number(sent), quickest: Number(quickest) }
}

test('latency and loss are what was declared, and a capture shows where they came about', async () => {
  await knowEachOther()
  // A busy host may be late with one.
  let before = await pings(50)
  for (let attempt = 1; attempt < 5 && before.loss !== 0; attempt++) before = await pings(50)
  expect(before.loss).toBe(0)
  await conditions('--latency', '40ms', '--loss', '50%')
  const capture = place.start('network', 'capture', 'web', 'db', '--snaplen', '64', '--write', 'seen.pcapng')
  const end = ended(capture)
  capture.stdin.end()
  await until('the capture has begun', 10_000, async () => existsSync(join(place.dir, 'seen.pcapng')))
  const { loss, quickest } = await pings(800)
  capture.kill('SIGINT')
  expect(await end).toMatchObject({ code: 0, stderr: expect.stringContaining('frames captured') })
  await conditions('--reset')
  // Each counts in both directions.
  expect(Math.abs(loss / 0.75 - 1)).toBeLessThan(0.1)
  expect(Math.abs((quickest - before.quickest) / 80 - 1)).toBeLessThan(0.1)

  const file = join(place.dir, 'seen.pcapng')
  const { names, packets, missing } = readPcapng(readFileSync(file))
  expect(names).toEqual(['backend/web', 'backend/db'])
  expect([...missing.values()]).toEqual([0, 0])
  const requests = packets.filter(({ frame }) => frame.readUInt16BE(12) === 0x0800 && frame[34] === 8)
  const left = new Map(
    requests
      .filter(({ name, direction }) => name === 'backend/web' && direction === 'sent')
      .map(({ frame, time }) => [frame.readUInt16BE(40), time]),
  )
  const arrived = requests.filter(({ name, direction }) => name === 'backend/db' && direction === 'received')
  expect(left.size).toBe(800)
  expect(Math.abs(arrived.length / 400 - 1)).toBeLessThan(0.1)
  const took = arrived.map(({ frame, time }) => Number(time - (left.get(frame.readUInt16BE(40)) ?? 0n)) / 1e6)
  const middle = took.sort((a, b) => a - b)[Math.floor(took.length / 2)] ?? Number.NaN
  expect(Math.abs(middle / 40 - 1)).toBeLessThan(0.1)

  const { stdout } = await execa('tcpdump', ['-n', '-r', file, 'icmp[icmptype] == icmp-echo'])
  expect(stdout.split('\n')).toHaveLength(requests.length)
})

/** An address that is asked for while half of all frames are lost would count as a loss of pings. */
async function knowEachOther(): Promise<void> {
  const { stdout } = await place.run('network', 'list', '--json')
  const { networks } = JSON.parse(stdout) as {
    networks: { machines: { machine: string; ipv4: string; mac: string }[] }[]
  }
  const members = networks.flatMap((network) => network.machines)
  for (const [here, there] of [
    ['web', 'db'],
    ['db', 'web'],
  ]) {
    const other = members.find(({ machine }) => machine === there)
    await inside(here ?? '', `sudo arp -s ${other?.ipv4} ${other?.mac}`)
  }
}

test('the host reaches names and private addresses through the proxy, while machines come and go', async () => {
  for (const name of ['web', 'db'])
    await inside(
      name,
      'mkdir /tmp/www; echo "hello of $(hostname)" > /tmp/www/index.html; httpd -p 8080 -h /tmp/www',
    )
  const child = place.start('proxy', '--json', '--port', '0')
  const end = ended(child)
  try {
    const [text] = await once(child.stdout, 'data')
    const { socks, http, port } = JSON.parse(String(text)) as { socks: string; http: string; port: number }
    const curl = async (...args: string[]) =>
      (await execa('curl', ['-sS', '-m', '20', ...args], { reject: false })).stdout
    for (const [through, url] of [
      [socks, 'http://db:8080/'],
      [socks, `http://${addressOf.db}:8080/`],
      [http, 'http://db.shop.internal:8080/'],
    ] as const)
      expect(await curl('-x', through, url), url).toBe('hello of db')
    expect(await curl('-x', http, '-p', 'http://web:8080/')).toBe('hello of web')
    expect(await curl('-x', http, 'http://example.com/')).toContain('neither a machine of the project')
    expect(await curl('-x', http, 'http://db:8081/')).toContain('nothing answers there')
    await place.json('halt', 'web', '--force')
    expect(await curl('-x', http, 'http://web:8080/')).toContain('machine web is not running')
    expect(await curl('-x', socks, 'http://db:8080/')).toBe('hello of db')
    await place.json('up', 'web')
    expect(await curl('-x', http, 'http://web:8080/')).toContain('nothing answers there')
    child.kill('SIGINT')
    expect(await end).toMatchObject({ code: 0 })
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  } finally {
    child.kill('SIGKILL')
  }
})

test('after destroy nothing is left: no process, no socket, no folder, no port', async () => {
  const { machines: up } = await place.json<{ machines: { ssh: { port: number } }[] }>('ports')
  expect(up).toHaveLength(3)
  const holder = await lockHolder(projectPaths(place.dir, userPaths(place.env)).networks.processLock)
  if (holder === null) throw new Error('no process runs the networks')
  await place.json('destroy', '--yes')
  expect(await isAlive(holder.identity)).toBe(false)
  expect(place.processes(/./)).toEqual([])
  expect(readdirSync(join(place.env.XDG_RUNTIME_DIR ?? '', 'posada'))).toEqual([])
  const left = readdirSync(join(place.dir, '.posada'), { recursive: true, encoding: 'utf8' })
  expect(left.filter((name) => /machines.|networks/.test(name))).toEqual([])
  for (const { ssh } of up)
    await expect(once(connect(ssh.port, '127.0.0.1'), 'connect')).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
})
