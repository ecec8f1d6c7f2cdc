import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny once, and twice more from its disk or memory, which takes about half a minute with emulated processors.
// `npm run test:clones` makes 1,000 copies, in batches; CLONES chooses.

const manifest = `version: 1
name: clones
networks: {back: {}}
machines: {db: {box: posada/tiny, provider: qemu, memory: 128MiB, networks: [back], ports: ["0:80"]}}
`

/** What no two machines may have in common, a line each. */
const facts = [
  'hostname',
  'cat /etc/machine-id',
  'cat /proc/sys/kernel/random/uuid',
  'od -An -tx1 -N32 /dev/urandom | tr -d " \\n"; echo',
  'sudo dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key 2>/dev/null | grep -o "AAAA[^ ]*"',
  'cat /sys/class/net/eth1/address',
  'ip -4 -o addr show dev eth1 | grep -o "inet [0-9.]*"',
  'ps | grep -o "udhcpc -i eth1.*" | grep -o "hostname:.*"',
]

describe('copies of a machine', () => {
  let place: MachinesPlace
  beforeAll(async () => {
    place = machinesPlace('clones')
    place.write(manifest)
    await place.json('up')
    expect(await inGuest('db', 'nohup sleep 100000 >/dev/null 2>&1 </dev/null & echo $! > /tmp/pid')).toBe('')
    await place.json('snapshot', 'save', 'clean')
  })
  afterAll(() => place.cleanUp())
  const inGuest = async (machine: string, script: string) => {
    const { code, stdout, stderr } = await place.run('exec', machine, '--', 'sh', '-c', script)
    expect(code, stderr).toBe(0)
    return stdout.trim()
  }

  it('share nothing that tells machines apart, and answer side by side', async () => {
    const copies = [
      ['db-2', ''],
      ['db-3', ''],
      ['db-4', '--cold'],
    ] as const
    for (const [as, cold] of copies)
      expect(
        await place.json('snapshot', 'restore', 'clean', 'db', '--as', as, ...(cold === '' ? [] : [cold])),
      ).toMatchObject({ machines: [{ machine: as, state: cold === '' ? 'running' : 'stopped' }] })
    expect(await place.json('up', 'db-4')).toMatchObject({ machines: [{ change: 'started' }] })
    const machines = ['db', ...copies.map(([as]) => as)]
    const seen = new Map<string, string[]>()
    for (const machine of machines) {
      await until('it has its address', 20_000, async () => (await inGuest(machine, facts[6] ?? '')) !== '')
      for (const fact of facts) seen.set(fact, [...(seen.get(fact) ?? []), await inGuest(machine, fact)])
    }
    for (const [fact, values] of seen) {
      expect(values, fact).not.toContain('')
      expect(new Set(values).size, `${fact}: ${values}`).toBe(machines.length)
    }
    // What ran goes on in those that have the memory, and each finds the others by name.
    for (const machine of ['db', 'db-2', 'db-3']) await inGuest(machine, 'kill -0 $(cat /tmp/pid)')
    for (const machine of machines)
      await inGuest('db-2', `ping -c 1 -W 10 ${machine} || sudo ping -c 1 -W 10 ${machine}`)
  })

  it('take next to nothing of the disk, and outlive what they were made of', async () => {
    const { blocks } = statSync(join(place.dir, '.posada/machines/db-3/data/root.qcow2'))
    expect(blocks * 512).toBeLessThan(5 * 2 ** 20)
    expect(
      await place.fails('E_COPY_EXISTS', 'snapshot', 'restore', 'clean', 'db', '--as', 'db-2'),
    ).toMatchObject({
      exitCode: 2,
    })
    await place.json('destroy', 'db', '--yes')
    await place.json('reload', 'db-2')
    expect(await inGuest('db-2', 'hostname')).toBe('db-2')
  })
})
