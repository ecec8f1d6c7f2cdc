import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, says } from '../../helpers/posada.ts'

// Boots posada/tiny once, and has it go on from its memory some times: about 40 s with emulated processors.

const hookOf = (verb: string) => `${verb}: "echo $POSADA_HOOK >> hooks.log"`
const hooks = `{${['suspend', 'resume', 'snapshot', 'rewind'].map(hookOf).join(', ')}}`
const manifest = `version: 1
name: time
box: posada/tiny
provider: qemu
memory: 128MiB
hooks: {before: ${hooks}, after: ${hooks}}
provision: [{name: woken, on: [resume], shell: echo >>/tmp/woken}]
`

interface StatusDocument {
  machines: { state: string; pending: string[] }[]
}

describe('a machine that goes back and forth in time', () => {
  let place: MachinesPlace
  let own: string
  beforeAll(async () => {
    place = machinesPlace('time')
    own = join(place.dir, '.posada', 'machines', 'default')
    place.write(manifest)
    await place.json('up', '--yes')
    await inGuest(
      'nohup sh -c "while :; do echo tick; sleep 0.2; done" > /tmp/ticks 2>&1 < /dev/null & echo $! > /tmp/pid',
    )
  })
  afterAll(() => place.cleanUp())
  const state = async () => (await place.json<StatusDocument>('status')).machines[0]?.state
  const inGuest = async (script: string) => {
    const { code, stdout, stderr } = await place.run('exec', '--', 'sh', '-c', script)
    expect(code, stderr).toBe(0)
    return stdout.trim()
  }
  const expectTime = async () => {
    const clock = Number(await inGuest('date +%s'))
    expect(Math.abs(Date.now() / 1000 - clock)).toBeLessThan(20)
  }
  /** The hooks that ran since this was last asked. */
  const hooked = () => {
    const log = join(place.dir, 'hooks.log')
    const names = readFileSync(log, 'utf8').trim().split('\n')
    rmSync(log)
    return names
  }
  const woken = () => inGuest('wc -l </tmp/woken')
  const ticks = async () => Number(await inGuest('kill -0 $(cat /tmp/pid) && wc -l < /tmp/ticks'))

  it('is suspended: no process is left, and what needs it says how to go on', async () => {
    const before = await ticks()
    expect(await place.json('suspend')).toMatchObject({ machines: [{ suspended: true }] })
    expect(place.hypervisors()).toEqual([])
    expect(await state()).toBe('suspended')
    expect(await place.json('suspend')).toMatchObject({
      machines: [{ suspended: false, state: 'suspended' }],
    })
    expect(await place.json('halt')).toMatchObject({ machines: [{ how: 'already' }] })
    expect(await place.fails('E_NOT_RUNNING', 'exec', '--', 'true')).toMatchObject({
      hint: expect.stringContaining('posada resume'),
    })
    expect(await place.json('plan')).toMatchObject({
      machines: [{ state: 'suspended', actions: [{ do: 'resume' }, { do: 'provision', steps: ['woken'] }] }],
    })
    expect(await place.json('resume')).toMatchObject({ machines: [{ change: 'resumed' }] })
    await until('its process goes on', 20_000, async () => (await ticks()) > before)
    await expectTime()
    expect(existsSync(join(own, 'memory'))).toBe(false)
    expect(await woken()).toBe('1')
    expect(hooked()).toEqual(['before-suspend', 'after-suspend', 'before-resume', 'after-resume'])
  })

  it('is saved while it runs and restored: what was done since is gone, and its process goes on', async () => {
    expect(await place.json('snapshot', 'save', 'clean', '--note', 'before')).toMatchObject({
      snapshots: [{ name: 'clean', memory: true }],
    })
    const before = await ticks()
    await inGuest('echo changed > ~/change; sync; kill $(cat /tmp/pid)')
    expect(await place.fails('E_CONFIRM', 'snapshot', 'restore', 'clean')).toMatchObject({ exitCode: 2 })
    expect(await place.fails('E_SNAPSHOT_EXISTS', 'snapshot', 'save', 'clean')).toMatchObject({ exitCode: 2 })
    expect(await place.json('snapshot', 'restore', 'clean', '--yes')).toMatchObject({
      machines: [{ state: 'running' }],
    })
    expect(await inGuest('ls ~/change 2>/dev/null || echo gone')).toBe('gone')
    expect(await woken()).toBe('2')
    await until('its process goes on', 20_000, async () => (await ticks()) > before)
  })

  it('is rewound without a question, as often as tests want it', async () => {
    expect(await place.fails('E_SNAPSHOT_UNKNOWN', 'rewind')).toMatchObject({
      hint: expect.stringContaining('posada snapshot save ready'),
    })
    await inGuest('head -c 1000000 /dev/urandom > ~/noise; sync')
    expect(await place.json('snapshot', 'diff', 'clean')).toMatchObject({
      differences: [
        { from: 'clean', to: null, memory: { from: true, to: true }, changes: [{ what: 'step woken' }] },
      ],
    })
    const { differences } = await place.json<{ differences: { disk: number }[] }>('snapshot', 'diff', 'clean')
    expect(differences[0]?.disk).toBeGreaterThan(1_000_000)
    expect(
      await place.fails('E_SNAPSHOT_UNKNOWN', 'snapshot', 'diff', 'clean', '--to', 'cleam'),
    ).toMatchObject({ hint: 'did you mean clean?' })
    for (const round of ['one', 'two']) {
      expect(await inGuest(`ls ~/rounds 2>/dev/null || echo ${round} > ~/rounds`)).toBe('')
      expect(await place.json('rewind', 'clean')).toMatchObject({ machines: [{ state: 'running' }] })
    }
    expect(hooked().slice(0, 2)).toEqual(['before-snapshot', 'after-snapshot'])
    expect(await place.json('rewind', 'clean')).toMatchObject({ machines: [{}] })
    expect(hooked()).toEqual(['before-rewind', 'after-rewind'])
    await expectTime()
    expect(await ticks()).toBeGreaterThan(0)
  })

  it.skipIf(process.getuid?.() !== 0)(
    'goes on, with the snapshots it had, where the disk is full',
    async () => {
      const snapshots = join(own, 'snapshots')
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', snapshots])
      try {
        await place.fails('E_DISK_FULL', 'snapshot', 'save', 'full')
      } finally {
        execFileSync('umount', [snapshots])
      }
      expect(await ticks()).toBeGreaterThan(0)
      expect(await place.json('snapshot', 'list')).toMatchObject({ snapshots: [{ name: 'clean' }] })
    },
  )

  it('is usable after a save that was killed, wherever that was', async () => {
    for (const [index, moment] of ['saving its memory', 'loading its memory'].entries()) {
      const save = place.start('snapshot', 'save', `cut-${index}`)
      const end = ended(save)
      await says(save, moment)
      save.kill('SIGKILL')
      await end
      await place.json('up')
      expect(await ticks()).toBeGreaterThan(0)
    }
    const names = async () =>
      (await place.json<{ snapshots: { name: string }[] }>('snapshot', 'list')).snapshots.map(
        ({ name }) => name,
      )
    for (const name of (await names()).filter((each) => each !== 'clean'))
      await place.json('snapshot', 'delete', name)
    expect(await names()).toEqual(['clean'])
  })

  it('refuses a memory that was changed or cut short, and boots without it where it is told to', async () => {
    await place.json('suspend')
    const memory = join(own, 'memory')
    const file = openSync(memory, 'r+')
    const byte = Buffer.alloc(1)
    readSync(file, byte, 0, 1, 500_000)
    writeSync(
      file,
      byte.map((before) => before ^ 1),
      0,
      1,
      500_000,
    )
    closeSync(file)
    expect(await place.fails('E_MEMORY_UNUSABLE', 'up')).toMatchObject({
      message: expect.stringContaining('its content has changed'),
    })
    truncateSync(memory, 1000)
    expect(await place.fails('E_MEMORY_UNUSABLE', 'up')).toMatchObject({
      message: expect.stringContaining('it has 1000 bytes'),
      hint: expect.stringContaining('posada up --cold'),
    })
    expect(await state()).toBe('suspended')
    expect(await place.json('up', '--cold')).toMatchObject({ machines: [{ change: 'started' }] })
    expect(await inGuest('kill -0 $(cat /tmp/pid) 2>/dev/null || echo booted')).toBe('booted')
    await place.json('halt')
    expect(await place.json('snapshot', 'save', 'off')).toMatchObject({ snapshots: [{ memory: false }] })
    expect(await place.json('snapshot', 'list')).toMatchObject({
      snapshots: [
        { name: 'clean', parent: null, memory: true, note: 'before', current: false },
        { name: 'off', parent: 'clean', memory: false, current: true },
      ],
    })
    await place.json('snapshot', 'delete', 'clean')
    expect(await place.json('snapshot', 'restore', 'off', '--yes')).toMatchObject({
      machines: [{ state: 'stopped' }],
    })
    await place.json('up')
    expect(await inGuest('ls ~/change 2>/dev/null || echo gone')).toBe('gone')
  })
})
