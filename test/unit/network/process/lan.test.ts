import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { NetworkDefinition } from '../../../../src/network/config.ts'
import type { DropReason } from '../../../../src/network/link/counters.ts'
import { Lan } from '../../../../src/network/process/lan.ts'
import { Names } from '../../../../src/network/services/names.ts'
import { ethernet, everyone, mac } from '../../../helpers/frames.ts'
import { buffersInUse } from '../../../helpers/garbage.ts'
import { until } from '../../../helpers/guest-talk.ts'
import { exampleMember, exampleNetwork, membersWithNics } from '../../../helpers/networks.ts'
import { Nic } from '../../../helpers/nic.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Machines a, b, c with the numbers 2, 3, 4 on one network, each with its NIC. */
async function lanOfThree(given: Partial<NetworkDefinition> = {}, patience?: number) {
  const folder = mkdtempSync(join(tmpdir(), 'posada-lan-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const { members, nics } = await membersWithNics(folder, ['a', 'b', 'c'])
  const [a, b, c] = nics
  cleanUps.push(() => Promise.all([a, b, c].map((nic) => nic.close())))
  const definition = exampleNetwork({ members, ...given })
  const refused: [string, DropReason][] = []
  const seen: [string | null, string][] = []
  const changes: string[] = []
  const lan = new Lan(definition, {
    project: 'shop',
    ...(patience === undefined ? {} : { patience }),
    resolver: {
      names: new Names({ version: 1, project: 'shop', networks: [definition] }),
      upstream: async () => null,
    },
    changed: (machine, up) => changes.push(`${machine} ${up ? 'up' : 'down'}`),
    refused: (machine, reason) => refused.push([machine, reason]),
    tap: { active: true, frame: (machine, direction) => seen.push([machine, direction]) },
  })
  cleanUps.push(() => lan.close())
  await until('all are linked', 5000, async () => lan.linked === 3)
  changes.splice(0)
  seen.splice(0)
  return { lan, definition, a, b, c, refused, seen, changes, folder }
}

const plain = (to: number | Uint8Array, from: number, text = 'x', size = 46) =>
  ethernet(typeof to === 'number' ? mac(to) : to, mac(from), 0x88b5, Buffer.from(text.padEnd(size)))
const dropped = (lan: Lan, machine: string) =>
  lan.status().find((member) => member.machine === machine)?.counters.dropped

it('joins machines, counts, and shows what they send', async () => {
  const { a, b, c, lan, seen } = await lanOfThree()
  a.send(plain(3, 2, 'to b'), plain(everyone, 2, 'to all'))
  await until('both have come', 5000, async () => b.frames.length === 2 && c.frames.length === 1)
  expect(b.frames).toEqual([plain(3, 2, 'to b'), plain(everyone, 2, 'to all')])
  expect(a.frames).toEqual([])
  const [one, other] = lan.status()
  expect(one?.counters.received).toEqual({ frames: 2, bytes: 120 })
  expect(other?.counters.sent).toMatchObject({ frames: 3 })
  expect(seen).toEqual([
    ['a', 'sent'],
    ['a', 'sent'],
    ['b', 'received'],
    ['b', 'received'],
    ['c', 'received'],
  ])
})

it('refuses what a machine may not send, tells it, and goes on', async () => {
  const { a, b, lan, refused } = await lanOfThree()
  a.send(plain(3, 4), Buffer.alloc(3), Buffer.alloc(66_000), plain(3, 2, 'good'))
  await until('the good one has come', 5000, async () => b.frames.length === 1)
  expect(refused).toEqual([
    ['a', 'mac'],
    ['a', 'runt'],
    ['a', 'oversize'],
  ])
  expect(dropped(lan, 'a')).toEqual({ mac: 1, runt: 1, oversize: 1 })
})

it('a link that broke comes back, also after what can be no frame', async () => {
  const { a, b, changes } = await lanOfThree()
  for (const spoil of [() => a.hangUp(), () => a.sendRaw(Buffer.alloc(64, 0xff))]) {
    changes.splice(0)
    spoil()
    await until('it is back', 5000, async () => changes.length === 2 && a.linked)
    expect(changes).toEqual(['a down', 'a up'])
    const before = b.frames.length
    a.send(plain(3, 2))
    await until('it carries', 5000, async () => b.frames.length === before + 1)
  }
})

it('a machine whose process was started again is linked again', async () => {
  const { a, b, lan } = await lanOfThree()
  await b.close()
  await until('it is gone', 5000, async () => lan.linked === 2)
  const again = await Nic.listen(b.path)
  cleanUps.push(() => again.close())
  await until('it is back', 5000, async () => lan.linked === 3)
  a.send(plain(3, 2))
  await until('it carries', 5000, async () => again.frames.length === 1)
})

it('a machine that does not read keeps no one from the others, and little memory', async () => {
  const { a, b, c, lan } = await lanOfThree()
  b.deafen()
  // 30 MB for the deaf one, with one frame in a hundred for the other.
  const before = buffersInUse()
  for (let round = 0; round < 200; round++) {
    await a.sendAll(plain(3, 2, 'deaf', 1500), 100)
    a.send(plain(4, 2, String(round)))
  }
  await until('the other has all', 10_000, async () => c.frames.length === 200)
  expect(c.frames.map((frame) => frame.toString('latin1', 14).trim())).toEqual(
    Array.from({ length: 200 }, (_, n) => String(n)),
  )
  expect(dropped(lan, 'b')?.full).toBeGreaterThan(10_000)
  // Less than half of what was sent; how much of it waits in the sockets of this test is the host's to say.
  await until('little is kept', 10_000, async () => buffersInUse() - before < 15 * 1024 * 1024)
  b.listenAgain()
  await until('it is let in again', 10_000, async () => {
    b.frames.splice(0)
    a.send(plain(3, 2, 'again'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    return b.frames.some((frame) => frame.toString('latin1').includes('again'))
  })
})

it('a receiver that is only slower than its sender loses nothing', async () => {
  const { a, b, lan } = await lanOfThree({}, 60_000)
  const sent = a.sendAll(plain(3, 2, 'much', 1500), 6400)
  // Now and then the receiver is busy, for less than the sender's patience.
  for (let pause = 0; pause < 20; pause++) {
    b.deafen()
    await new Promise((resolve) => setTimeout(resolve, 3))
    b.listenAgain()
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  await sent
  await until('all has come', 10_000, async () => b.frames.length === 6400)
  expect(dropped(lan, 'b')).toEqual({})
})

describe('conditions', () => {
  it('hold for a pair in both directions, are changed while it runs, and leave the services alone', async () => {
    const { a, b, c, lan, definition } = await lanOfThree()
    lan.update({ ...definition, pairs: [{ between: ['b', 'a'], conditions: { cut: true } }] })
    a.send(plain(3, 2), plain(4, 2))
    b.send(plain(2, 3), plain(4, 3))
    await until('the third has both', 5000, async () => c.frames.length === 2)
    expect([a.frames, b.frames]).toEqual([[], []])
    expect([dropped(lan, 'a'), dropped(lan, 'b')]).toEqual([{ cut: 1 }, { cut: 1 }])
    lan.update({ ...definition, conditions: { latency: 100 } })
    const begun = performance.now()
    a.send(plain(3, 2))
    await until('it has come', 5000, async () => b.frames.length === 1)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99)
    expect(lan.linked).toBe(3)
  })

  it('of a way that is cut nothing arrives that was on it, and healed it starts empty', async () => {
    const { a, b, lan, definition } = await lanOfThree({ conditions: { latency: 10_000 } })
    a.send(plain(3, 2, 'before'))
    await until('it is on its way', 5000, async () => lan.status()[0]?.counters.received.frames === 1)
    lan.update({ ...definition, conditions: { latency: 10_000, cut: true } })
    expect(dropped(lan, 'a')).toEqual({ cut: 1 })
    lan.update({ ...definition, conditions: {} })
    a.send(plain(3, 2, 'after'))
    await until('it has come', 5000, async () => b.frames.length > 0)
    expect(b.frames).toEqual([plain(3, 2, 'after')])
  })

  it('taken away, what waits comes at once, before what is sent then', async () => {
    const { a, b, lan, definition } = await lanOfThree({ conditions: { latency: 60_000, rate: 8000 } })
    a.send(plain(3, 2, 'slow'), plain(3, 2, 'slower'))
    await until('they are on their way', 5000, async () => lan.status()[0]?.counters.received.frames === 2)
    lan.update({ ...definition, conditions: {} })
    a.send(plain(3, 2, 'quick'))
    await until('all have come', 5000, async () => b.frames.length === 3)
    expect(b.frames.map((frame) => frame.toString('latin1', 14).trim())).toEqual(['slow', 'slower', 'quick'])
  })

  it('what is lost follows from the seed alone', async () => {
    const fates = async () => {
      const { a, b, lan } = await lanOfThree({ conditions: { loss: 0.5 } })
      a.send(...Array.from({ length: 64 }, (_, n) => plain(3, 2, String(n))))
      await until(
        'all were counted',
        5000,
        async () => b.frames.length + (dropped(lan, 'a')?.loss ?? 0) === 64,
      )
      return b.frames.map((frame) => frame.toString('latin1', 14).trim())
    }
    const first = await fates()
    expect(first.length).toBeGreaterThan(10)
    expect(await fates()).toEqual(first)
  })
})

it('machines that come and go leave the others’ links alone', async () => {
  const { a, b, c, lan, definition, folder } = await lanOfThree()
  const d = await Nic.listen(join(folder, 'd'))
  cleanUps.push(() => d.close())
  const [first, second] = definition.members
  if (first === undefined || second === undefined) throw new Error('no members')
  lan.update({ ...definition, members: [first, second, { ...exampleMember('d', 5), socket: d.path }] })
  expect(lan.linked).toBe(2)
  await until('the new one is there and the old one is not', 5000, async () => lan.linked === 3 && !c.linked)
  a.send(plain(5, 2))
  await until('it carries', 5000, async () => d.frames.length === 1)
  expect(b.linked).toBe(true)
})
