import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { firstWords, until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, says } from '../../helpers/posada.ts'
import { type RemoteHost, remoteHost } from '../../helpers/remote-host.ts'

// Another host is a real sshd here, whose user has another home; machines there are posada/tiny, emulated. Boots it four
// times: 60 s on an idle host.

const { version } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8'),
)
const manifest = (step = 'echo hello >/tmp/greeting') => `version: 1
name: shop
box: posada/tiny
provider: qemu
memory: 128MiB
ports: [{host: 18080, guest: 8080, auto: true}]
provision:
  - name: greet
    shell: ${JSON.stringify(step)}
`
const patience = 120_000

interface Status {
  machines: { state: string; provider: string; pid: number | null; ports: { hostPort: number }[] }[]
}

let host: RemoteHost
let place: MachinesPlace
beforeAll(async () => {
  host = await remoteHost(version)
  place = machinesPlace('shop', host.env)
  place.write(manifest())
})
afterAll(async () => {
  try {
    await place?.cleanUp()
  } finally {
    await host?.cleanUp()
  }
})

it('says that Posada is not there, or another one, and how it comes there', async () => {
  const hint = expect.stringContaining(`posada host setup ${host.address}`)
  expect(await place.fails('E_HOST_SETUP', 'up', '--host', host.address)).toMatchObject({ hint })
  mkdirSync(host.installed)
  writeFileSync(
    join(host.installed, 'node'),
    '#!/bin/sh\necho "{\\"posada\\":\\"9.9.9\\",\\"contract\\":99}"; cat >/dev/null\n',
  )
  chmodSync(join(host.installed, 'node'), 0o755)
  expect(await place.fails('E_HOST_VERSION', 'up', '--host', host.address)).toMatchObject({
    message: expect.stringContaining('9.9.9'),
    hint,
  })
  rmSync(host.installed, { recursive: true })
  expect(await place.fails('E_HOST_LOGIN', 'up', '--host', 'ssh://ana@127.0.0.1:1')).toMatchObject({
    hint: expect.stringContaining('ssh -p 1 ana@127.0.0.1'),
  })
  expect(await place.fails('E_HOST_ADDRESS', 'up', '--host', 'ssh://-oProxyCommand=x')).toBeTruthy()
})

it('copies this Posada there, and makes a machine there that is used as one of here', async () => {
  expect(await place.json('host', 'setup', host.address)).toMatchObject({ host: host.address, version })
  const up = await place.json<{ machines: object[] }>('up', '--host', host.address)
  expect(up.machines).toMatchObject([
    { change: 'created', provider: `qemu@${host.address}`, steps: [{ name: 'greet' }] },
  ])
  expect(host.hypervisors()).toHaveLength(1)
  expect(place.hypervisors()).toHaveLength(0)
  const { machines } = await place.json<Status>('status')
  expect(machines).toMatchObject([{ state: 'running', provider: `qemu@${host.address}`, pid: null }])
  expect((await place.run('exec', '--', 'cat', '/tmp/greeting')).stdout).toBe('hello\n')
  expect((await place.run('exec', '--', 'false')).code).toBe(1)
  writeFileSync(join(place.dir, 'up.bin'), Buffer.alloc(300_000, 'posada'))
  expect((await place.run('copy', 'up.bin', 'default:/tmp/up.bin')).code).toBe(0)
  expect((await place.run('copy', 'default:/tmp/up.bin', 'down.bin')).code).toBe(0)
  expect(readFileSync(join(place.dir, 'down.bin'))).toEqual(Buffer.alloc(300_000, 'posada'))
  expect((await place.run('logs', '--console')).stdout).toMatch(/\S/)
  expect((await place.json<{ machines: object[] }>('up')).machines).toMatchObject([{ change: 'none' }])
  expect(await place.fails('E_HOST_OTHER', 'up', '--host', 'ssh://ana@elsewhere')).toBeTruthy()
  expect(await place.fails('E_CAPABILITY', 'snapshot', 'save', 'one')).toBeTruthy()
}, 300_000)

it('brings its ports here', async () => {
  const { machines } = await place.json<Status>('status')
  const port = machines[0]?.ports.at(-1)?.hostPort ?? 0
  const server = place.start('exec', '--', 'sh', '-c', 'while :; do echo from afar | nc -l -p 8080; done')
  try {
    await until(
      'the port answers',
      patience,
      async () =>
        (await firstWords({ host: '127.0.0.1', port }, { limit: 5000 }).catch(() => '')) === 'from afar\n',
    )
  } finally {
    server.kill('SIGINT')
    await ended(server)
  }
}, 300_000)

it('loses nothing of a step while the connection is cut, again and again', async () => {
  place.write(manifest('i=0; while [ $i -lt 12 ]; do i=$((i+1)); echo tick $i; sleep 1; done'))
  const provision = place.start('provision')
  const end = ended(provision)
  for (const tick of ['tick 2', 'tick 6']) {
    await says(provision, tick)
    const connections = host.connections()
    expect(connections).toHaveLength(1)
    for (const pid of connections) process.kill(pid, 'SIGKILL')
  }
  const { code, stderr } = await end
  expect(code, stderr).toBe(0)
  const ticks = [...stderr.matchAll(/tick (\d+)/g)].map(([, count]) => Number(count))
  expect(ticks).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
}, 300_000)

it('goes on where a command, and then what keeps the connection, was killed', async () => {
  place.write(manifest('echo begun; sleep 3; echo finished >/tmp/finished'))
  const provision = place.start('provision')
  const end = ended(provision)
  await says(provision, 'begun')
  provision.kill('SIGKILL')
  await end
  for (const pid of host.links()) process.kill(pid, 'SIGKILL')
  await vi.waitFor(() => expect(host.links()).toHaveLength(0), patience)
  expect(await place.json('provision')).toMatchObject({
    machines: [{ steps: [{ name: 'greet', result: 'ran' }] }],
  })
  expect((await place.run('exec', '--', 'cat', '/tmp/finished')).stdout).toBe('finished\n')
}, 300_000)

it('keeps two who have a project of one name apart, and leaves nothing of one that is destroyed', async () => {
  const other = machinesPlace('shop', { ...host.env, POSADA_HOST: host.address })
  try {
    other.write(manifest())
    expect(await other.json('up')).toMatchObject({ machines: [{ change: 'created' }] })
    expect(host.hosted()).toHaveLength(2)
    expect(host.hypervisors()).toHaveLength(2)
    await other.json('destroy', '--yes')
  } finally {
    await other.cleanUp()
  }
  expect(host.hosted()).toHaveLength(1)
  expect(await place.json('halt')).toMatchObject({ machines: [{ how: 'graceful' }] })
  expect(host.hypervisors()).toHaveLength(0)
  expect(await place.json('up')).toMatchObject({ machines: [{ change: 'started' }] })
  await place.json('destroy', '--yes')
  expect(host.hosted()).toHaveLength(0)
  expect(host.hypervisors()).toHaveLength(0)
}, 300_000)
