import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type BoxStore, buildRecipe, openBoxStore, type StoredBox } from '../../../src/box/index.ts'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { bootRaw } from '../../helpers/raw-box.ts'

// Builds posada/tiny for real (15 to 60 s: downloads packages) and boots it three times (5 to 15 s each).
describe('posada/tiny, built here', () => {
  let folder: string
  let store: BoxStore
  let box: StoredBox
  const never = new AbortController().signal
  const build = (emit: (event: PosadaEvent) => void = () => undefined, signal = never) =>
    buildRecipe({ recipe: 'posada/tiny', store, arch: 'x86_64', emit, signal })
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

  // Three boots, 5 to 15 s each.
  it('makes machines that differ, grow their disk, keep what is theirs, and shut down when told', {
    timeout: 180_000,
  }, async () => {
    const boot = async (name: string, diskSize: number, command: string) => {
      const disk = join(folder, `${name}.qcow2`)
      const machine = await bootRaw(box, { disk, diskSize: diskSize * 1024 ** 3 })
      onTestFinished(() => machine.discard())
      const look =
        'cat /etc/machine-id /etc/dropbear/*host_key | sha256sum; cat /etc/machine-id; df -m / | tail -1'
      const { stdout, code } = await machine.ssh(`sudo sh -c '${look}; ${command}'`)
      expect(code, stdout).toBe(0)
      const [identity = '', machineId = '', size = '', ...said] = stdout.split('\n')
      expect(machineId).toMatch(/^[0-9a-f]{32}$/)
      expect(Number(size.split(/\s+/)[1])).toBeGreaterThan(diskSize * 1024 * 0.9)
      expect(await machine.powerOff(30)).toBe(true)
      return { identity, machineId, said: said.join('\n') }
    }
    const one = await boot('one', 2, 'id -u; echo kept > note')
    const other = await boot('other', 3, 'ls note || true')
    expect(one.said).toBe('0')
    expect(other.identity).not.toBe(one.identity)
    expect(other.machineId).not.toBe(one.machineId)
    expect(await boot('one', 2, 'cat note')).toEqual({ ...one, said: 'kept' })
  })

  it('leaves nothing when it is interrupted', { timeout: 60_000 }, async () => {
    const interrupt = new AbortController()
    const other = openBoxStore(join(folder, 'other boxes'))
    const reason = new Error('interrupted by the test')
    const building = buildRecipe({
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
