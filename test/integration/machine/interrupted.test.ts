import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../helpers/guest-talk.ts'
import { cutShort } from '../../helpers/interrupt.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, says } from '../../helpers/posada.ts'

// Boots posada/tiny some ten times, half of them not to their end: about 90 s with emulated processors.

interface StatusDocument {
  machines: { state: string; pid: number | null }[]
}

const MANIFEST = `version: 1
name: interrupted
box: posada/tiny
memory: 256MiB
provision:
  - {name: before, shell: "echo before >> /root/ran"}
  - {name: slow, shell: "echo slow >> /root/ran; echo in the middle; sleep 4"}
`

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('interrupted work')
  place.write(MANIFEST)
})
afterAll(() => place.cleanUp())

const status = async () => (await place.json<StatusDocument>('status')).machines[0]
const inGuest = async (script: string) => (await place.run('exec', '--', 'sudo', 'sh', '-c', script)).stdout
const sockets = () => readdirSync(join(place.env.XDG_RUNTIME_DIR ?? '', 'posada'))

async function nothingLeftAfterDestroy(): Promise<void> {
  await place.json('destroy', '--yes')
  expect(place.hypervisors()).toEqual([])
}

async function nothingLeft(): Promise<void> {
  expect(await place.json('destroy', '--yes')).toMatchObject({ machines: [{ name: 'default' }] })
  expect(place.hypervisors()).toEqual([])
  expect(sockets()).toEqual([])
  expect(readdirSync(join(place.dir, '.posada', 'machines'))).toEqual([])
}

describe('up that is killed (SIGKILL)', () => {
  const points = [
    { at: 150, after: 0 },
    { at: 300, after: 0 },
    { at: 'disk over', after: 0 },
    { at: 'starting with', after: 0 },
    { at: 'starting with', after: 60 },
    { at: 'waiting for the guest', after: 1000 },
    { at: 'logging in', after: 0 },
    { at: 'logging in', after: 300 },
    { at: 'in the middle', after: 0 },
  ]

  it.each(points)(
    'at $at and $after ms more, leaves one process at most and a status that answers',
    async (cut) => {
      // How far the last one got depends on the host's speed: each begins with no machine.
      await nothingLeftAfterDestroy()
      const { signal } = await cutShort(place, ['up'], { ...cut, signal: 'SIGKILL' })
      expect(signal).toBe('SIGKILL')
      const running = place.hypervisors()
      expect(running.length).toBeLessThanOrEqual(1)
      const { state, pid } = (await status()) ?? {}
      expect(['absent', 'created', 'stopped', 'crashed', 'starting', 'running']).toContain(state)
      if (running.length === 1) expect(pid).toBe(running[0])
    },
  )

  it('is finished by the next one; what was done is not done again', async () => {
    const { machines } = await place.json<{ machines: { steps: { result: string }[] }[] }>('up')
    expect(machines[0]?.steps.map(({ result }) => result)).toEqual(['skipped', 'ran'])
    expect(await inGuest('cat /root/ran')).toBe('before\nslow\nslow\n')
    expect(place.hypervisors()).toHaveLength(1)
  })

  it.each([
    { at: 'disk over', after: 0 },
    { at: 'starting with', after: 30 },
    { at: 'waiting for the guest', after: 0 },
  ])('at $at and $after ms more, leaves nothing that destroy does not take away', async (cut) => {
    await nothingLeft()
    await cutShort(place, ['up'], { ...cut, signal: 'SIGKILL' })
    await nothingLeft()
  })
})

describe('up that is interrupted (SIGINT)', () => {
  it.each([
    { at: 'disk over', after: 0 },
    { at: 'starting with', after: 0 },
    { at: 'starting with', after: 60 },
    { at: 'waiting for the guest', after: 1000 },
    { at: 'logging in', after: 0 },
  ])('at $at and $after ms more, ends with 130 and leaves no process', async (cut) => {
    const { code, stderr } = await cutShort(place, ['up'], { ...cut, signal: 'SIGINT' })
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringContaining('[E_INTERRUPTED]') })
    expect(place.hypervisors()).toEqual([])
    expect(['absent', 'created', 'stopped']).toContain((await status())?.state)
  })

  it('in a provision step leaves the machine up and the step undone', async () => {
    const { code } = await cutShort(place, ['up'], { at: 'in the middle', signal: 'SIGINT' })
    expect(code).toBe(130)
    expect(await status()).toMatchObject({ state: 'running' })
    expect(await inGuest('ps | grep "[s]leep 4" || echo none')).toBe('none\n')
    expect(await place.json('up')).toMatchObject({
      machines: [{ change: 'none', steps: [{ result: 'skipped' }, { result: 'ran' }] }],
    })
  })
})

describe('halt and destroy that are cut short', () => {
  it('halt is finished by the guest or by the next halt', async () => {
    const { signal } = await cutShort(place, ['halt'], { at: 'shutting down', after: 200, signal: 'SIGKILL' })
    expect(signal).toBe('SIGKILL')
    const again = await place.json<{ machines: { how: string }[] }>('halt')
    expect(['graceful', 'already']).toContain(again.machines[0]?.how)
    expect(await status()).toMatchObject({ state: 'stopped' })
    expect(place.hypervisors()).toEqual([])
  })

  it.each([{ after: 0 }, { after: 15 }, { after: 40 }])(
    'destroy, killed $after ms after it began, is finished by the next destroy',
    async ({ after }) => {
      await cutShort(place, ['up'], { at: 'waiting for the guest', signal: 'SIGKILL' })
      await cutShort(place, ['destroy', '--yes'], { at: 'destroying', after, signal: 'SIGKILL' })
      await status()
      await nothingLeft()
    },
  )
})

describe('a second interrupt', () => {
  it('ends up at once, whatever it is cleaning up', async () => {
    const child = place.start('up')
    const end = ended(child)
    await says(child, 'waiting for the guest')
    const [pid] = place.hypervisors()
    process.kill(pid ?? 0, 'SIGSTOP') // its power cannot be cut before some seconds have passed
    child.kill('SIGINT')
    await says(child, 'interrupt again to quit at once')
    const begun = Date.now()
    child.kill('SIGINT')
    expect((await end).code).toBe(130)
    expect(Date.now() - begun).toBeLessThan(1500)
    process.kill(pid ?? 0, 'SIGCONT')
    await nothingLeft()
  })
})

describe('two at once', () => {
  it('up waits for up, says for whom, and finds the machine up; status waits for no one', async () => {
    const first = place.start('up')
    const firstEnd = ended(first)
    await says(first, 'starting with')
    const second = place.start('up')
    const secondEnd = ended(second)
    await says(second, `waiting for posada up (pid ${first.pid}`)
    const begun = Date.now()
    expect(await status()).toMatchObject({ state: 'starting' })
    expect(Date.now() - begun).toBeLessThan(5000)
    const both = await Promise.all([firstEnd, secondEnd])
    expect(both).toMatchObject([{ code: 0 }, { code: 0, stdout: expect.stringContaining('was up already') }])
    expect(place.hypervisors()).toHaveLength(1)
    expect(await inGuest('cat /root/ran')).toBe('before\nslow\n')
  })

  it('up and destroy come one after the other, whichever is first', async () => {
    const up = place.start('up', '--no-provision')
    const upEnd = ended(up)
    const destroy = place.start('destroy', '--yes')
    const ends = await Promise.all([upEnd, ended(destroy)])
    expect(ends).toMatchObject([{ code: 0 }, { code: 0 }])
    await until('the two agree', 5000, async () => {
      const { state } = (await status()) ?? {}
      return place.hypervisors().length === (state === 'running' ? 1 : 0)
    })
  })
})
