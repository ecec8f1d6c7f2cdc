import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny four times: about a minute with emulated processors.

interface UpDocument {
  machines: { name: string; change: string; steps: { name: string; result: string }[] }[]
}
interface StatusDocument {
  machines: {
    state: string
    memory: number
    pid: number | null
    pending: string[]
    ssh: { keyFile: string } | null
  }[]
}

const manifest = (memory: string, step = 'echo done > /root/step', cpus = 1) => `version: 1
name: life
box: posada/tiny
memory: ${memory}
cpus: ${cpus}
provision:
  - {name: first, shell: "${step}"}
`

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('life of a machine')
  place.write(manifest('256MiB'))
})
afterAll(() => place.cleanUp())

const status = async () => (await place.json<StatusDocument>('status')).machines[0]
const inGuest = async (script: string) => (await place.run('exec', '--', 'sudo', 'sh', '-c', script)).stdout

describe('the life of a machine', () => {
  it('is absent at first; what needs a machine says so', async () => {
    expect(await status()).toMatchObject({ state: 'absent', pid: null, ssh: null })
    expect(await place.fails('E_NOT_CREATED', 'exec', '--', 'true')).toMatchObject({ exitCode: 1 })
    expect(await place.fails('E_NOT_CREATED', 'halt')).toMatchObject({
      exitCode: 1,
      hint: 'posada up creates it',
    })
    await place.fails('E_NOT_CREATED', 'ssh-config')
  })

  it('up makes it, provisions it, and replaces the box’s key with its own', async () => {
    const { machines } = await place.json<UpDocument>('up')
    expect(machines).toMatchObject([
      { name: 'default', change: 'created', steps: [{ name: 'first', result: 'ran' }] },
    ])
    const { ssh } = (await status()) ?? {}
    expect(statSync(ssh?.keyFile ?? '').mode & 0o777).toBe(0o600)
    expect(await inGuest('cat /home/posada/.ssh/authorized_keys')).toMatch(
      /^ssh-ed25519 \S+ posada default\n$/,
    )
    expect(await inGuest('cat /root/step; hostname')).toBe('done\nlife\n')
  })

  it('a second up changes nothing and provisions nothing', async () => {
    const before = await status()
    const { machines } = await place.json<UpDocument>('up')
    expect(machines).toMatchObject([{ change: 'none', steps: [{ name: 'first', result: 'skipped' }] }])
    expect((await status())?.pid).toBe(before?.pid)
  })

  it('a changed step runs again, a changed setting waits for reload', async () => {
    place.write(manifest('320MiB', 'echo again > /root/step', 2))
    const { machines } = await place.json<UpDocument>('up')
    expect(machines[0]?.steps).toMatchObject([{ result: 'ran' }])
    expect(await inGuest('cat /root/step')).toBe('again\n')
    expect(await status()).toMatchObject({ memory: 256 * 2 ** 20, pending: ['cpus', 'memory'] })
  })

  it('reload applies it, and what the guest wrote is still there', async () => {
    const small = Number(await inGuest("awk '/MemTotal/ {print $2}' /proc/meminfo"))
    await place.json('reload')
    expect(await status()).toMatchObject({ state: 'running', memory: 320 * 2 ** 20, pending: [] })
    expect(Number(await inGuest("awk '/MemTotal/ {print $2}' /proc/meminfo"))).toBeGreaterThan(small + 40_000)
    expect(await inGuest('nproc; cat /root/step')).toBe('2\nagain\n')
  })

  it('halt shuts the guest down; ssh then fails; halt again has nothing to do', async () => {
    const halted = await place.json<{ machines: { how: string }[] }>('halt')
    expect(halted.machines).toMatchObject([{ how: 'graceful' }])
    expect(await status()).toMatchObject({ state: 'stopped' })
    expect(await place.fails('E_NOT_RUNNING', 'ssh', '--', 'true')).toMatchObject({ value: 'stopped' })
    expect(await place.json('halt')).toMatchObject({ machines: [{ how: 'already' }] })
  })

  it('halt --force cuts the power', async () => {
    await place.json('up')
    const halted = await place.json<{ machines: { how: string }[] }>('halt', '--force')
    expect(halted.machines).toMatchObject([{ how: 'forced' }])
  })

  it('destroy takes everything away', async () => {
    await place.json('up')
    expect(await place.json('destroy', '--yes')).toMatchObject({ machines: [{ destroyed: true }] })
    expect(await status()).toMatchObject({ state: 'absent' })
    expect(readdirSync(join(place.dir, '.posada', 'machines'))).toEqual([])
    expect(readdirSync(join(place.env.XDG_RUNTIME_DIR ?? '', 'posada'))).toEqual([])
    expect(place.hypervisors()).toEqual([])
    expect(await place.json('list')).toMatchObject({ projects: [] })
    expect(await place.json('destroy', '--yes')).toMatchObject({ machines: [{ destroyed: false }] })
  })
})
