import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type BoxStore, buildBox, openBoxStore, type StoredBox } from '../../../src/box/index.ts'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { bootRaw } from '../../helpers/raw-box.ts'

// Builds posada/tiny for real (15 to 60 s: downloads packages) and boots it four times (5 to 15 s each).
describe('posada/tiny, built here', () => {
  let folder: string
  let store: BoxStore
  let box: StoredBox
  const never = new AbortController().signal
  const build = (emit: (event: PosadaEvent) => void = () => undefined, signal = never) =>
    buildBox({ recipe: 'posada/tiny', store, arch: 'x86_64', emit, signal })
  const workFolders = async () =>
    (await readdir(tmpdir())).filter((name) => name.startsWith(`posada-box-${process.pid}-`))

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "posada's box test "))
    store = openBoxStore(join(folder, 'boxes'))
    box = await build()
  }, 300_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('is in the store and nothing else is left', async () => {
    expect((await store.resolve('posada/tiny', 'x86_64')).digest).toBe(box.digest)
    expect(await readdir(join(store.dir, 'tmp'))).toEqual([])
    expect(await workFolders()).toEqual([])
  })

  it('is not built again from the same recipe', async () => {
    const events: PosadaEvent[] = []
    expect(await build((event) => events.push(event))).toEqual(box)
    expect(events).toMatchObject([{ type: 'step', status: 'skip' }])
  })

  it('holds nothing that two machines must not share', async () => {
    const raw = join(folder, 'root.raw')
    await execa('qemu-img', ['convert', '-O', 'raw', join(box.dir, 'root.qcow2'), raw])
    const debugfs = async (request: string) =>
      (await execa('debugfs', ['-R', request, raw], { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } }))
        .stdout
    expect(await debugfs('cat /etc/machine-id')).toBe('')
    expect(await debugfs('ls -p /etc/dropbear')).not.toMatch(/host_key/)
    expect(await debugfs('ls -p /root')).not.toMatch(/\.ssh/)
    expect(await debugfs('cat /etc/shadow')).not.toMatch(/^[^:]+:[^*!:]/m)
    expect(await debugfs('stat /usr/bin/sudo')).toMatch(/Mode: +04755[\s\S]*User: +0 /)
    expect(await debugfs('stat /home/posada/.ssh/authorized_keys')).toMatch(/Mode: +0600[\s\S]*User: +1000/)
    await rm(raw)
  })

  // Two boots, 5 to 15 s each.
  it('makes machines that differ, grow their disk, and shut down when told', {
    timeout: 120_000,
  }, async () => {
    const look =
      'cat /etc/machine-id /etc/dropbear/*host_key | sha256sum; cat /etc/machine-id; df -m / | tail -1; sudo -n id -u'
    const seen: string[][] = []
    for (const diskSize of [2, 3]) {
      const machine = await bootRaw(box, { diskSize: diskSize * 1024 ** 3 })
      onTestFinished(() => machine.discard())
      const { stdout, code } = await machine.ssh(look)
      expect(code).toBe(0)
      const [identity = '', machineId = '', disk = '', root] = stdout.split('\n')
      expect(machineId).toMatch(/^[0-9a-f]{32}$/)
      expect(Number(disk.split(/\s+/)[1])).toBeGreaterThan(diskSize * 1024 * 0.9)
      expect(root).toBe('0')
      seen.push([identity, machineId])
      expect(await machine.powerOff(30)).toBe(true)
    }
    expect(seen[0]?.[0]).not.toBe(seen[1]?.[0])
    expect(seen[0]?.[1]).not.toBe(seen[1]?.[1])
  })

  // Two boots of the same disk, 5 to 15 s each.
  it('keeps its files and its host key over a halt', { timeout: 120_000 }, async () => {
    const disk = join(folder, 'kept.qcow2')
    const first = await bootRaw(box, { disk })
    onTestFinished(() => first.discard())
    const before = await first.ssh('echo kept > note; sudo sha256sum /etc/dropbear/*host_key')
    expect(await first.powerOff(30)).toBe(true)
    const second = await bootRaw(box, { disk })
    onTestFinished(() => second.discard())
    const after = await second.ssh('cat note; sudo sha256sum /etc/dropbear/*host_key')
    expect(after.stdout).toBe(`kept\n${before.stdout}`)
  })

  it('leaves nothing when it is interrupted', { timeout: 60_000 }, async () => {
    const interrupt = new AbortController()
    const other = openBoxStore(join(folder, 'other boxes'))
    const reason = new Error('interrupted by the test')
    const building = buildBox({
      recipe: 'posada/tiny',
      store: other,
      arch: 'x86_64',
      signal: interrupt.signal,
      emit: (event) => {
        if (event.type === 'output' && event.text.includes('extracting')) interrupt.abort(reason)
      },
    })
    await expect(building).rejects.toBe(reason)
    expect(await other.list()).toEqual([])
    expect(await workFolders()).toEqual([])
    expect(existsSync(join(other.dir, 'tmp')) ? await readdir(join(other.dir, 'tmp')) : []).toEqual([])
  })
})
