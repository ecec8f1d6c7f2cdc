import { createSocket } from 'node:dgram'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots debian/12 once, with nested virtualisation: half a minute with emulated processors.

let place: MachinesPlace
beforeAll(async () => {
  place = machinesPlace('a debian')
  place.write(`version: 1
name: shop
machines:
  web:
    box: debian/12
    memory: 768MiB
    cpus: 2
    disk: 24GiB
    nested: true
    ports: [{host: 15353, guest: 5353, protocol: udp, auto: true}]
    env: {APP_ENV: "dev mode"}
    provision:
      - name: packages
        shell: dpkg -s sudo >/dev/null && echo "$APP_ENV" > /etc/app-env
      - file: {content: "key = value\\n", to: /etc/app/app.conf, mode: "0640", owner: root, group: adm}
`)
  await place.json('up')
})
afterAll(() => place.cleanUp())

const inGuest = async (...command: string[]) => (await place.run('exec', 'web', '--', ...command)).stdout

describe('a Debian machine', () => {
  it('has its name, its processors and its disk', async () => {
    expect(await inGuest('hostname')).toBe('web\n')
    expect(await inGuest('nproc')).toBe('2\n')
    const gigabytes = Number(await inGuest('sh', '-c', "df --output=size -BG / | tail -n 1 | tr -dc '0-9'"))
    expect(gigabytes).toBeGreaterThan(21)
  })

  it('was provisioned as root', async () => {
    expect(await inGuest('cat', '/etc/app-env')).toBe('dev mode\n')
    expect(await inGuest('stat', '-c', '%a %U %G', '/etc/app/app.conf')).toBe('640 root adm\n')
  })

  it('may run machines of its own', async () => {
    expect(await inGuest('grep', '-c', '-m1', '-wE', 'svm|vmx', '/proc/cpuinfo')).toBe('1\n')
  })

  it('answers over a forwarded UDP port', async () => {
    const echo = `use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 5353, Proto => "udp") or die;
      print "listening\\n"; $| = 1; $s->recv(my $m, 100); $s->send("you said $m");`
    const server = place.start('exec', 'web', '--', 'perl', '-e', `$| = 1; ${echo}`)
    await new Promise((resolve) => server.stdout.once('data', resolve))
    const { machines } = await place.json<{ machines: { ports: { hostPort: number }[] }[] }>('ports')
    const socket = createSocket('udp4')
    const answer = new Promise<string>((resolve) =>
      socket.once('message', (text) => resolve(text.toString())),
    )
    socket.send('hello', machines[0]?.ports[0]?.hostPort ?? 0, '127.0.0.1')
    expect(await answer).toBe('you said hello')
    socket.close()
  })

  it('runs commands by its agent, without SSH', async () => {
    const script = 'echo "$APP_ENV"; id -u; cat; echo err >&2; exit 7'
    expect(await place.run('exec', '--agent', 'web', '--', 'sh', '-c', script)).toMatchObject({
      ...{ code: 7, stdout: 'dev mode\n0\n', stderr: expect.stringContaining('err\n') },
    })
    const killed = await place.run('exec', '--agent', 'web', '--', 'sh', '-c', 'kill -TERM $$')
    expect(killed.code).toBe(143)
    await inGuest('sudo', 'systemctl', 'stop', 'ssh.socket', 'ssh.service')
    const large = await place.run('exec', '--agent', 'web', '--', 'head', '-c', '3000000', '/dev/zero')
    expect([large.code, large.stdout.length]).toEqual([0, 3_000_000])
    await place.run('exec', '--agent', 'web', '--', 'systemctl', 'start', 'ssh.service')
    expect(await place.fails('E_AGENT', 'exec', '--agent', 'web', '--', 'nosuch')).toMatchObject({
      message: expect.stringContaining('nosuch'),
    })
  })

  it('shuts down gracefully', async () => {
    const { machines } = await place.json<{ machines: { how: string }[] }>('halt')
    expect(machines).toMatchObject([{ how: 'graceful' }])
  })
})
