import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { ListeningLink } from '../../../../../providers/kvm/net/listening-link.ts'
import { joinFrame } from '../../../../../src/lib/net/framing.ts'
import { eventually } from '../../../../helpers/started-device.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

it('is there for one peer after another, and loses frames between them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posada-link-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 's')
  writeFileSync(path, 'left over')
  const link = new ListeningLink(path)
  await link.listen()
  cleanUps.push(() => link.close())
  const heard: string[] = []
  link.start({
    frame: (bytes) => heard.push(Buffer.from(bytes).toString()) > 0,
    changed: () => undefined,
    writable: () => undefined,
  })
  expect([link.up, link.send([Buffer.from('nobody')], 6)]).toEqual([true, true])
  for (const name of ['first', 'second']) {
    const peer: Socket = connect(path)
    let got = Buffer.alloc(0)
    peer.on('data', (bytes) => {
      got = Buffer.concat([got, bytes])
    })
    peer.write(joinFrame([Buffer.from(name)], name.length))
    await eventually(() => heard.at(-1) === name)
    link.send([Buffer.from('to '), Buffer.from(name)], name.length + 3)
    await eventually(() => got.toString('latin1', 4) === `to ${name}`)
    peer.destroy()
  }
  // A peer that comes while another is there takes its place.
  const [old, young] = [connect(path), connect(path)]
  cleanUps.push(() => [old, young].map((peer) => peer.destroy()))
  await new Promise((resolve) => old.once('close', resolve))
  young.write(joinFrame([Buffer.from('young')], 5))
  await eventually(() => heard.at(-1) === 'young')
})
