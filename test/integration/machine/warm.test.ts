import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CacheListing } from '../../../src/app/index.ts'
import { digestOf, fileMark } from '../../../src/machine/memory/check.ts'
import { readWarmImage, userPaths, warmImages, writeWarmImage } from '../../../src/project/index.ts'
import { until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny five times, and starts it warm three times: half a minute with emulated processors.

const manifest = (name: string) => `version: 1
name: ${name}
networks: {back: {}}
defaults: {box: posada/tiny, provider: qemu, memory: 128MiB, networks: [back]}
machines:
  ${name}:
    provision: [{name: own, shell: "hostname > /root/own"}]
`

/** What no two may have in common. */
const facts = [
  'hostname',
  'cat /root/own',
  'cat /etc/machine-id',
  'cat /proc/sys/kernel/random/uuid',
  'od -An -tx1 -N32 /dev/urandom | tr -d " \\n"',
  'dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key 2>/dev/null | grep -o "AAAA[^ ]*"',
  'cat /sys/class/net/eth1/address',
  'grep -o "AAAA[^ ]*" /home/*/.ssh/authorized_keys',
]

let first: MachinesPlace
let second: MachinesPlace
beforeAll(() => {
  first = machinesPlace('first', { POSADA_WARM: 'on', CI: '' })
  second = machinesPlace('second', { POSADA_WARM: 'on', CI: '' })
  // A cache of their own, with what is known of QEMU here.
  const cache = join(first.dir, '..', 'cache')
  const known = userPaths(first.env).cache
  mkdirSync(join(cache, 'posada'), { mode: 0o700 })
  for (const name of readdirSync(known).filter((each) => each.endsWith('.json')))
    writeFileSync(join(cache, 'posada', name), readFileSync(join(known, name)))
  for (const place of [first, second]) place.env.XDG_CACHE_HOME = cache
  // Of one user: what another has sealed does not count.
  second.env.XDG_STATE_HOME = first.env.XDG_STATE_HOME
  first.write(manifest('first'))
  second.write(manifest('second'))
})
afterAll(async () => {
  for (const place of [second, first]) {
    for (const pid of place.processes(/warm-maker/)) process.kill(pid, 'SIGKILL')
    await until('no image is being made', 60_000, async () => runs(place).length === 0)
    await place.cleanUp()
  }
})

const runs = ({ env }: MachinesPlace) => {
  const folder = userPaths(env).runs
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{8}$/.test(name))
  } catch {
    return []
  }
}
/** The project's machine aside. */
const making = (place: MachinesPlace) => place.processes(/qemu-system.*state\/posada\/runs/)
const images = async () => (await first.json<CacheListing>('cache', 'list')).warm
const up = async (place: MachinesPlace, ...args: string[]) => {
  const { code, stderr } = await place.run('up', ...args)
  expect(code, stderr).toBe(0)
  return stderr
}
const inGuest = async (place: MachinesPlace, script: string) => {
  const { code, stdout, stderr } = await place.run('exec', '--', 'sudo', 'sh', '-c', script)
  expect(code, stderr).toBe(0)
  return stdout.trim()
}
const factsOf = async (place: MachinesPlace) =>
  (await inGuest(place, facts.map((fact) => `echo "$(${fact})"`).join('; '))).split('\n')

describe('a warm image', () => {
  it('is not there where the process that makes it is killed, and nothing else is', async () => {
    expect(await up(first)).toMatch(/boots: there is no warm image of it yet/)
    await until('its machine is there', 60_000, async () => making(first).length > 0)
    const [maker] = first.processes(/warm-maker/)
    process.kill(maker ?? 0, 'SIGKILL')
    await until('its machine is gone', 60_000, async () => runs(first).length + making(first).length === 0)
    expect(await images()).toEqual([])
    expect(first.hypervisors()).toHaveLength(1)
  })

  it('is made behind the next up of a new machine', async () => {
    await first.json('destroy', '--yes')
    expect(await up(first)).toMatch(/boots: there is no warm image of it yet/)
    await until('it is made', 120_000, async () => (await images()).length > 0)
    expect(await images()).toMatchObject([
      { description: expect.stringContaining('posada/tiny'), arch: 'x86_64', problem: null },
    ])
    await until('its machine is gone', 60_000, async () => runs(first).length === 0)
    expect(first.hypervisors()).toHaveLength(1)
  })

  it('has machines of several projects begin with it, which share nothing', async () => {
    await first.json('destroy', '--yes')
    const told = [await up(first), await up(second)]
    for (const text of told) {
      expect(text).toMatch(/starting warm with qemu/)
      expect(text).not.toMatch(/boots/)
    }
    const [one, other] = [await factsOf(first), await factsOf(second)]
    expect(one).toHaveLength(facts.length)
    for (const [index, fact] of facts.entries()) {
      expect(one[index], fact).not.toBe('')
      expect(one[index], fact).not.toBe(other[index])
    }
    expect([one[0], one[1]]).toEqual(['first', 'first'])
    const left = readdirSync(join(first.dir, '.posada', 'machines', 'first'))
    expect(left).not.toContain('image_key')
    expect(await first.json('plan')).toMatchObject({ changes: false })
  })

  it('is left behind by the next start', async () => {
    const before = await factsOf(first)
    await first.json('halt')
    expect(await up(first)).not.toMatch(/warm/)
    const after = await factsOf(first)
    for (const same of [0, 2, 5, 6, 7]) expect(after[same]).toBe(before[same])
  })

  it('is what a run begins with', async () => {
    const { code, stdout, stderr } = await first.run('run', '--no-workspace', '--', 'hostname')
    expect(code, stderr).toBe(0)
    expect(stdout).toBe('first\n')
    expect(stderr).toMatch(/starting warm with qemu/)
    expect(runs(first)).toEqual([])
  })

  it('that QEMU does not take is told of, and the machine boots', async () => {
    const user = userPaths(first.env)
    const [paths] = await warmImages(user)
    const image = paths === undefined ? null : await readWarmImage(paths, user)
    if (paths === undefined || image === null) throw new Error('no image')
    writeFileSync(paths.memory, 'no stream of QEMU’s', { flag: 'r+' })
    const { layout } = image.memory
    const memory = { ...(await fileMark(paths.memory)), sha256: await digestOf(paths.memory, layout) }
    await writeWarmImage(paths, user, { ...image, memory: { ...image.memory, ...memory } })
    await first.json('destroy', '--yes')
    first.env.POSADA_WARM = ''
    first.env.CI = 'true'
    expect(await up(first)).toMatch(/does not start warm: .*; it boots/)
    expect((await factsOf(first))[0]).toBe('first')
    expect(await images()).toEqual([])
  })
})
