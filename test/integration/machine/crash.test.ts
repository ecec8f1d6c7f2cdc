import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../helpers/free-port.ts'
import { firstWords, until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny four times: about 50 s with emulated processors.

interface StatusDocument {
  machines: { state: string; pid: number | null; reason?: string; console?: string[] }[]
}

let place: MachinesPlace
let port: number
beforeAll(async () => {
  place = machinesPlace('crash')
  port = await freePort()
})
afterAll(() => place.cleanUp())

const manifest = (rest = '') => `version: 1
name: crash
box: posada/tiny
provider: qemu
memory: 256MiB
ports: ["${port}:80"]
${rest}`

const status = async () => (await place.json<StatusDocument>('status')).machines[0]
const inGuest = async (script: string) => (await place.run('exec', '--', 'sudo', 'sh', '-c', script)).stdout
const bootId = () => inGuest('cat /proc/sys/kernel/random/boot_id')

describe('a kernel that panics while it boots', () => {
  it('is noticed long before the boot’s time is up, and told with its console', async () => {
    const nowhere = 'console=ttyS0 quiet rdinit=/nowhere root=/dev/nowhere'
    place.write(manifest(`providers: {qemu: {args: [-append, "${nowhere}"]}}\n`))
    const begun = Date.now()
    const failure = await place.fails('E_MACHINE_CRASHED', 'up', '--yes')
    expect(Date.now() - begun).toBeLessThan(60_000)
    expect(failure).toMatchObject({
      exitCode: 1,
      value: expect.stringMatching(/^Kernel panic - not syncing: /),
      message: expect.stringContaining('machine default panicked while it was booting'),
      hint: 'posada logs default --console shows all it wrote',
    })
    expect(failure.details?.join('\n')).toContain('Call Trace:')
  })

  it('is not left running, and shown as crashed', async () => {
    expect(place.hypervisors()).toEqual([])
    const { state, pid, reason, console } = (await status()) ?? {}
    expect({ state, pid }).toEqual({ state: 'crashed', pid: null })
    expect(reason).toMatch(/^Kernel panic - not syncing: /)
    expect(console?.join('\n')).toContain('end Kernel panic')
  })

  it('is forgotten by the next up, which starts it again', async () => {
    place.write(manifest())
    expect(await place.json('up')).toMatchObject({ machines: [{ change: 'started' }] })
    expect((await status())?.state).toBe('running')
  })
})

describe('a hypervisor that is killed right after the first login', () => {
  it('leaves a machine that is shown as crashed, with the end of its console', async () => {
    await inGuest('echo the last words > /dev/console')
    const { pid } = (await status()) ?? {}
    process.kill(pid ?? 0, 'SIGKILL')
    await until('it is gone', 10_000, async () => place.hypervisors().length === 0)
    expect(await status()).toMatchObject({
      state: 'crashed',
      pid: null,
      reason: expect.stringContaining('ended without being asked to'),
      console: expect.arrayContaining(['the last words']),
    })
    expect((await place.run('status')).stdout).toMatch(/stopped \(crashed\).*\| the last words/s)
    expect(await place.fails('E_NOT_RUNNING', 'exec', '--', 'true')).toMatchObject({ value: 'crashed' })
    expect(await place.json('halt')).toMatchObject({ machines: [{ how: 'already' }] })
  })

  it('is started again by up, with its key, its host key and its name', async () => {
    expect(await place.json('up')).toMatchObject({ machines: [{ change: 'started' }] })
    expect(await inGuest('cat /etc/hostname')).toBe('crash\n')
  })
})

describe('a guest that restarts itself', () => {
  it('keeps its process, its SSH and its ports', async () => {
    const before = { id: await bootId(), pid: (await status())?.pid }
    await inGuest('sync; reboot')
    await until('it has restarted', 120_000, async () => {
      const now = await bootId()
      return now !== '' && now !== before.id
    })
    expect((await status())?.pid).toBe(before.pid)
    expect(await place.json('up')).toMatchObject({ machines: [{ change: 'none' }] })
    await inGuest('(echo still here | nc -l -p 80) >/dev/null 2>&1 &')
    await until('the port answers', 20_000, async () => {
      const said = await firstWords({ port, host: '127.0.0.1' }, { limit: 20_000 })
      return said === 'still here\n'
    })
  })
})

describe('a guest that is restarting', () => {
  it('is waited for by up, which looks at its probes then', async () => {
    const before = await bootId()
    place.write(manifest('ready: [{tcp: 22}]\n'))
    await inGuest('sync; (sleep 1; echo b > /proc/sysrq-trigger) > /dev/null 2>&1 &')
    await sleep(2000)
    expect(await place.json('up')).toMatchObject({ machines: [{ change: 'none', ready: true }] })
    expect(await bootId()).not.toBe(before)
    place.write(manifest())
  })
})

describe('a kernel that panics while it runs', () => {
  it('is shown as crashed, with its last words, though its hypervisor goes on', async () => {
    await inGuest('sync; (sleep 1; echo c > /proc/sysrq-trigger) > /dev/null 2>&1 &')
    await until('it is noticed', 60_000, async () => (await status())?.state === 'crashed')
    expect(await status()).toMatchObject({
      pid: expect.any(Number),
      reason: expect.stringMatching(/^Kernel panic - not syncing: .*sysrq/),
      console: expect.arrayContaining([expect.stringContaining('end Kernel panic')]),
    })
    expect(await place.fails('E_MACHINE_CRASHED', 'exec', '--', 'true')).toMatchObject({
      value: expect.stringContaining('Kernel panic'),
      hint: expect.stringContaining('posada up default'),
    })
  })

  it('is started again by up', async () => {
    expect(await place.json('up')).toMatchObject({ machines: [{ change: 'started' }] })
    expect(await status()).toMatchObject({ state: 'running' })
    expect((await status())?.reason).toBeUndefined()
  })
})

describe('a guest that powers itself off', () => {
  it('is stopped, not crashed', async () => {
    await inGuest('poweroff')
    await until('it is off', 60_000, async () => (await status())?.state === 'stopped')
    expect(await status()).toMatchObject({ pid: null, reason: 'the guest shut down' })
    expect(place.hypervisors()).toEqual([])
  })
})
