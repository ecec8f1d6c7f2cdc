import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ChosenPorts, choosePorts } from '../../../../src/machine/ports/host-ports.ts'
import { isFree } from '../../../../src/machine/ports/obstacle.ts'
import { aMachine } from '../../../helpers/model.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function takenTcp(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  closers.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function takenUdp(): Promise<number> {
  const socket = createSocket('udp4')
  closers.push(() => socket.close())
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

const port = (protocol: 'tcp' | 'udp', hostPort: number, auto = false) => ({
  protocol,
  hostAddress: '127.0.0.1',
  hostPort,
  guestPort: 80,
  auto,
  item: 0,
})

const sshOf = ({ forwards }: ChosenPorts) => forwards.find(({ name }) => name === 'ssh')

describe('choosePorts', () => {
  it('gives SSH a free port, and keeps it while it is free', async () => {
    const forward = sshOf(await choosePorts(aMachine(), undefined))
    const ssh = forward?.hostPort ?? 0
    expect(forward).toMatchObject({ name: 'ssh', protocol: 'tcp', hostAddress: '127.0.0.1', guestPort: 22 })
    expect(await isFree('tcp', '127.0.0.1', ssh)).toBe(true)
    expect(sshOf(await choosePorts(aMachine(), { ssh, ports: [] }))?.hostPort).toBe(ssh)
    const taken = await takenTcp()
    expect(sshOf(await choosePorts(aMachine(), { ssh: taken, ports: [] }))?.hostPort).not.toBe(taken)
  })

  it('refuses a port that is taken, with its owner and its place', async () => {
    const taken = await takenTcp()
    await expect(choosePorts(aMachine({ ports: [port('tcp', taken)] }), undefined)).rejects.toMatchObject({
      code: 'E_PORT_IN_USE',
      value: `127.0.0.1:${taken}/tcp`,
      message: expect.stringContaining(`(pid ${process.pid})`),
      place: { file: '/shop/posada.yaml', line: 2 },
    })
  })

  it('reports all that are taken at once', async () => {
    const ports = [port('tcp', await takenTcp()), port('udp', await takenUdp())]
    await expect(choosePorts(aMachine({ ports }), undefined)).rejects.toMatchObject({
      message: '2 ports cannot be opened',
      problems: [
        { value: `127.0.0.1:${ports[0]?.hostPort}/tcp` },
        { value: `127.0.0.1:${ports[1]?.hostPort}/udp` },
      ],
    })
  })

  it.each(['tcp', 'udp'] as const)('moves a %s port that is taken where it may', async (protocol) => {
    const taken = protocol === 'tcp' ? await takenTcp() : await takenUdp()
    const { forwards, ports } = await choosePorts(
      aMachine({ ports: [port(protocol, taken, true)] }),
      undefined,
    )
    expect(ports[0]).toMatchObject({ protocol, movedFrom: taken, guestPort: 80 })
    expect(ports[0]?.hostPort).not.toBe(taken)
    expect(forwards[1]).toEqual({
      protocol,
      hostAddress: '127.0.0.1',
      hostPort: ports[0]?.hostPort,
      guestPort: 80,
    })
  })

  it('moves a port to where it was moved before, while that is free', async () => {
    const config = aMachine({ ports: [port('tcp', await takenTcp(), true)] })
    const first = await choosePorts(config)
    const again = await choosePorts(config, { ports: first.ports })
    expect(again.ports).toEqual(first.ports)
    const [moved] = first.ports
    const server = createServer().listen(moved?.hostPort, '127.0.0.1')
    closers.push(() => server.close())
    await once(server, 'listening')
    const third = await choosePorts(config, { ports: first.ports })
    expect(third.ports[0]?.hostPort).not.toBe(moved?.hostPort)
  })

  it('finds a port for one that may be any, and keeps it', async () => {
    const ports = [port('tcp', 0, true), { ...port('udp', 0, true), guestPort: 53 }]
    const first = await choosePorts(aMachine({ ports }))
    expect(first.ports).toEqual([
      {
        protocol: 'tcp',
        hostAddress: '127.0.0.1',
        guestPort: 80,
        hostPort: expect.any(Number),
        movedFrom: 0,
      },
      {
        protocol: 'udp',
        hostAddress: '127.0.0.1',
        guestPort: 53,
        hostPort: expect.any(Number),
        movedFrom: 0,
      },
    ])
    expect(first.ports.map(({ hostPort }) => hostPort)).not.toContain(0)
    expect((await choosePorts(aMachine({ ports }), { ports: first.ports })).ports).toEqual(first.ports)
  })

  it('moves a port that another forward, or another machine, has in the manifest', async () => {
    const number = await takenTcp()
    for (const close of closers.splice(0)) close()
    const ports = [port('tcp', number, true), port('tcp', number), port('tcp', number, true)]
    const chosen = await choosePorts(aMachine({ ports }), { ssh: number, ports: [] })
    expect(chosen.ports).toMatchObject([{ movedFrom: number }, { hostPort: number }, { movedFrom: number }])
    expect(new Set(chosen.forwards.map(({ hostPort }) => hostPort)).size).toBe(4)
    const others = [{ ...port('tcp', number), hostAddress: '0.0.0.0' }]
    const beside = await choosePorts(
      aMachine({ ports: [port('tcp', number, true)] }),
      { ssh: number, ports: [] },
      { others },
    )
    expect(beside.ports).toMatchObject([{ movedFrom: number }])
    expect(sshOf(beside)?.hostPort).not.toBe(number)
  })

  it('names the machine that has the port', async () => {
    const taken = port('tcp', await takenTcp())
    const holder = { text: 'machine db of this project', halt: 'posada halt db' }
    const holderOf = async ({ hostPort }: { hostPort: number }) =>
      hostPort === taken.hostPort ? holder : null
    await expect(choosePorts(aMachine({ ports: [taken] }), undefined, { holderOf })).rejects.toMatchObject({
      code: 'E_PORT_IN_USE',
      message: expect.stringMatching(/is in use by machine db of this project$/),
      hint: expect.stringContaining('free it (posada halt db)'),
    })
  })

  it('refuses an address that this host does not have', async () => {
    const ports = [{ ...port('tcp', 8080), hostAddress: '192.0.2.1' }]
    await expect(choosePorts(aMachine({ ports }), undefined)).rejects.toMatchObject({
      code: 'E_VALUE_INVALID',
      message: 'this host has no address 192.0.2.1',
    })
  })
})
