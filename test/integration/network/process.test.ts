import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { sendCommand } from '../../../src/background/client.ts'
import { endHolder } from '../../../src/background/process-lock.ts'
import { asObject } from '../../../src/lib/values/as-object.ts'
import { launchNetworkProcess } from '../../../src/network/launch.ts'
import { ethernet, mac } from '../../helpers/frames.ts'
import { until } from '../../helpers/guest-talk.ts'
import { exampleNetwork, membersWithNics } from '../../helpers/networks.ts'

// No guests: NICs of our own, and the real process. Some seconds.
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function place() {
  const folder = mkdtempSync(join(tmpdir(), 'posada-net-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const { members, nics } = await membersWithNics(folder, ['a', 'b'])
  const [a, b] = nics
  cleanUps.push(() => Promise.all([a.close(), b.close()]))
  const at = (name: string) => join(folder, name)
  writeFileSync(
    at('config.json'),
    JSON.stringify({ version: 1, project: 'shop', networks: [exampleNetwork({ members })] }),
  )
  const config = {
    id: '0a1b2c3d',
    config: at('config.json'),
    lock: at('lock'),
    control: at('net.sock'),
    capture: at('capture.sock'),
  }
  const tell = (name: string, given: Record<string, unknown> = {}) =>
    sendCommand(config.control, { name, arguments: given, timeout: 10_000 })
  const launch = () => launchNetworkProcess(config, at('log'))
  cleanUps.push(() => endHolder(config.lock))
  return { a, b, tell, launch }
}

const frame = ethernet(mac(3), mac(2), 0x88b5, Buffer.alloc(46))
const pidOf = (status: unknown) => Number(asObject(status).pid)

it('carries frames, is killed and started again with its links, and ends with the last machine', async () => {
  const { a, b, tell, launch } = await place()
  for (const round of [1, 2]) {
    await launch()
    await until('both are linked', 10_000, async () => a.linked && b.linked)
    a.send(frame)
    await until('it has come', 10_000, async () => b.frames.length === round)
    if (round === 2) break
    process.kill(pidOf(await tell('status')), 'SIGKILL')
    await until('it is gone', 10_000, async () => !a.linked && !b.linked)
    expect(await tell('status')).toBe(null)
  }
  await expect(launch()).rejects.toMatchObject({ code: 'E_LOCKED' })
  await a.close()
  const release = async (machine: string) => {
    const begun = performance.now()
    expect(await tell('release', { machines: [machine] })).toEqual({ ends: false })
    return performance.now() - begun
  }
  // The one whose link stays is waited for, and no other is.
  expect(await release('a')).toBeLessThan((await release('b')) / 2)
  await b.close()
  expect(await tell('release', { machines: ['b'] })).toEqual({ ends: true })
  // Nothing takes it for one that will serve a machine that comes now.
  expect([null, { ending: true }]).toContainEqual(await tell('reload', { machines: ['a'] }))
  await until('it has ended', 10_000, async () => (await tell('status')) === null)
})

it('two million frames leave its memory as it was, though a machine does not read some of them', async () => {
  const { a, b, tell, launch } = await place()
  b.keeps = false
  await launch()
  await until('both are linked', 10_000, async () => a.linked && b.linked)
  const memory = async () => Number(asObject(await tell('status')).memory)
  const round = async (frames: number) => {
    b.deafen()
    await a.sendAll(frame, 100_000)
    b.listenAgain()
    await a.sendAll(frame, frames)
  }
  await round(500_000)
  const before = await memory()
  await round(2_000_000)
  const grown = (await memory()) - before
  expect(grown).toBeLessThan(16 * 1024 * 1024)
})
