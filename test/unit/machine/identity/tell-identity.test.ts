import { expect, it } from 'vitest'
import { tellIdentity } from '../../../../src/machine/identity/tell-identity.ts'
import { readyChannel } from '../../../helpers/ready-channel.ts'

const { signal } = new AbortController()
const identity = {
  ...{ token: '0123abcd', hostName: 'web-2', seed: Buffer.alloc(32, 0xab) },
  macs: ['52:54:00:00:00:01', '52:54:00:00:00:02'],
}
const order = `identity 0123abcd web-2 ${'ab'.repeat(32)} 52:54:00:00:00:01 52:54:00:00:00:02 end\n`
const confirmation = 'identity 0123abcd ssh-ed25519 AAAA\n'

it('is the first to speak, and returns the host key once the guest has confirmed it and taken the time', async () => {
  const told: string[] = []
  const open = await readyChannel('', (line, socket) => {
    told.push(line)
    if (line !== order) return socket.write('clock\n')
    socket.write(confirmation.slice(0, 12))
    return socket.write(confirmation.slice(12))
  })
  expect(await tellIdentity(open, identity, { signal })).toBe('ssh-ed25519 AAAA')
  expect(told).toEqual([order, expect.stringMatching(/^clock \d+\.\d{3}\n$/)])
})

it('waits for a guest that was about to say that it is ready', async () => {
  const open = await readyChannel('clock?\nidentity?\nready\n', (line, socket) => {
    if (line.startsWith('clock ')) socket.write('clock\n')
    else setTimeout(() => socket.write(`identity 99999999 ssh-ed25519 BBBB\nclock\n${confirmation}`), 50)
  })
  expect(await tellIdentity(open, identity, { signal })).toBe('ssh-ed25519 AAAA')
})

it('leaves a guest that is ready and does not ask: its box is an older one', async () => {
  const open = await readyChannel('clock?\nready\n', () => undefined)
  expect(await tellIdentity(open, identity, { signal })).toBeNull()
})

it.each([
  ['says nothing', ''],
  ['asks and fails', 'identity?\nready\nidentity?\nready\n'],
  ['confirms that it is another', 'identity?\nidentity 11111111 ssh-ed25519 AAAA\n'],
  ['does not take the time', `clock\n${confirmation}clock?\n`],
  ['shows no host key', 'identity?\nidentity 0123abcd\n'],
])('gives up on a guest that %s', async (_, first) => {
  const open = await readyChannel(first, () => undefined)
  expect(await tellIdentity(open, identity, { signal, limit: 300 })).toBeNull()
})
