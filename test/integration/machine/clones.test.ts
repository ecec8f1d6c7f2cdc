import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, says } from '../../helpers/posada.ts'

// Boots posada/tiny three times and has six go on from memory: a minute with emulated processors. `npm run test:clones`
// makes 1,000 copies in batches, where CLONES does not say another number.
const clones = Number(process.env.CLONES ?? '3')
const batch = 4

const manifest = `version: 1
name: clones
networks: {back: {}}
defaults: {box: posada/tiny, provider: qemu, memory: 128MiB, networks: [back]}
machines:
  db:
    provision:
      - {name: node, shell: cat /proc/sys/kernel/random/uuid > /etc/node-id, on: [create, fork]}
      - {name: copied, shell: hostname > /etc/copied, on: [fork]}
  web: {}
`

/** What no two machines may have in common. */
const facts = [
  'hostname',
  'cat /etc/node-id',
  'cat /etc/machine-id',
  'cat /proc/sys/kernel/random/uuid',
  'od -An -tx1 -N32 /dev/urandom | tr -d " \\n"',
  'sudo dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key 2>/dev/null | grep -o "AAAA[^ ]*"',
  'cat /sys/class/net/eth1/address',
  'ip -4 -o addr show dev eth1 | grep -o "inet [0-9.]*"',
  'ps | grep "[u]dhcpc -i eth1 " | grep -o "hostname:.*"',
]

describe('copies of machines', () => {
  let place: MachinesPlace
  beforeAll(async () => {
    place = machinesPlace('clones')
    place.write(manifest)
    await place.json('up')
    await inGuest(['db'], 'nohup sleep 100000 >/dev/null 2>&1 </dev/null & echo $! > /tmp/pid')
    await place.json('snapshot', 'save', 'clean')
  })
  afterAll(async () => {
    for (const fork of forks()) await place.run('destroy', '--project', fork, '--yes')
    await place.cleanUp()
  })
  const forks = () => {
    const folder = join(place.dir, '.posada/forks')
    return existsSync(folder) ? readdirSync(folder) : []
  }
  /** `where`: the machine, after what else the command is given. */
  const inGuest = async (where: readonly string[], script: string) => {
    const { code, stdout, stderr } = await place.run('exec', ...where, '--', 'sh', '-c', script)
    expect(code, stderr).toBe(0)
    return stdout.trim()
  }
  const identityOf = async (machine: string) => {
    const ask = `until ip -4 addr show dev eth1 | grep -q inet; do sleep 0.2; done; ${facts.map((fact) => `echo "$(${fact})"`).join('; ')}`
    return (await inGuest([machine], ask)).split('\n')
  }

  it('share nothing that tells machines apart, and answer side by side', async () => {
    const seen = new Map<string, string>()
    const note = async (machine: string) => {
      const values = await identityOf(machine)
      expect(values, machine).toHaveLength(facts.length)
      for (const [index, value] of values.entries()) {
        const key = `${facts[index]}: ${value}`
        expect(value).not.toBe('')
        expect(seen.get(key), `${machine} has ${key}`).toBeUndefined()
        seen.set(key, machine)
      }
    }
    await note('db')
    await inGuest(['db'], 'test ! -e /etc/copied')
    let alive: string[] = []
    for (let number = 1; number <= clones; number++) {
      const machine = `db-${number}`
      // Some boot from the disk.
      const cold = number % 50 === 3
      const restore = ['snapshot', 'restore', 'clean', 'db', '--as', machine]
      expect(await place.json(...restore, ...(cold ? ['--cold'] : []))).toMatchObject({
        machines: [{ machine, state: cold ? 'stopped' : 'running' }],
      })
      if (cold) await place.json('up', machine)
      else await inGuest([machine], 'kill -0 $(cat /tmp/pid)')
      expect(await inGuest([machine], 'cat /etc/copied')).toBe(machine)
      alive.push(machine)
      if (alive.length < batch && number < clones) continue
      for (const each of alive) await note(each)
      await inGuest(['db'], alive.map((each) => `sudo ping -c 1 -W 20 ${each} >&2`).join(' && '))
      if (number === clones) break
      await place.json('destroy', '--yes', ...alive)
      alive = []
    }
  }, 86_400_000)

  it('take next to nothing of the disk, and no name that another has', async () => {
    const { blocks } = statSync(join(place.dir, '.posada/machines/db-1/data/root.qcow2'))
    expect(blocks * 512).toBeLessThan(5 * 2 ** 20)
    const restore = ['snapshot', 'restore', 'clean', 'db', '--as']
    expect(await place.fails('E_COPY_EXISTS', ...restore, 'web')).toMatchObject({ exitCode: 2 })
    await place.fails('E_USAGE', ...restore, 'a_b')
    await place.json('destroy', 'db-1', '--yes')
  }, 600_000)

  it('are the whole project in a fork, in which names lead to its own machines', async () => {
    const fork = place.start('fork', '--name', 'cut', '@clean')
    const end = ended(fork)
    await says(fork, 'making the fork')
    fork.kill('SIGKILL')
    await end
    expect(await place.json('fork', '--name', 'review', '@clean')).toMatchObject({
      forks: [{ name: 'review', machines: [{ name: 'db' }, { name: 'web' }] }],
    })
    const [first, second] = [['db'], ['--project', 'review', 'db']]
    const ids = await Promise.all([first, second].map((one) => inGuest(one, 'cat /etc/machine-id; hostname')))
    expect(ids.map((each) => each.split('\n')[1])).toEqual(['db', 'db'])
    expect(new Set(ids).size).toBe(2)
    await inGuest(second, 'kill -0 $(cat /tmp/pid); echo here > /tmp/here; sudo ping -c 1 -W 20 web')
    await inGuest(['--project', 'review', 'web'], 'test ! -e /tmp/here && sudo ping -c 1 -W 20 db')
    expect(await inGuest(first, 'ls /tmp/here 2>/dev/null || echo none')).toBe('none')
    // What was killed is whole, or is gone.
    for (const name of forks()) await place.json('status', '--project', name)
    await place.fails('E_FORK_UNKNOWN', 'status', '--project', 'revie')
    await place.fails('E_COPY_EXISTS', 'fork', '--name', 'review', '@clean')
    await place.json('destroy', '--yes')
    expect(await inGuest(second, 'hostname')).toBe('db')
    for (const name of forks()) await place.json('destroy', '--project', name, '--yes')
    expect(forks()).toEqual([])
    expect(place.hypervisors()).toEqual([])
  }, 600_000)
})
