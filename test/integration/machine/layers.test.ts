import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CacheListing } from '../../../src/app/index.ts'
import type { PlanResult } from '../../../src/machine/index.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import { hasDockerRegistry, startDockerRegistry } from '../../helpers/docker-registry.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, says } from '../../helpers/posada.ts'

// Eight boots of posada/tiny, and Docker's own registry: about a minute with emulated processors.

/** With the user's boxes, and layers of its own. */
const data = mkdtempSync(join(tmpdir(), 'posada-layers-'))
let first: MachinesPlace
let second: MachinesPlace
beforeAll(() => {
  mkdirSync(join(data, 'posada'))
  symlinkSync(userPaths(process.env).boxes, join(data, 'posada', 'boxes'))
  first = machinesPlace('the first', { XDG_DATA_HOME: data })
  second = machinesPlace('the second', { XDG_DATA_HOME: data })
})
afterAll(async () => {
  await first.cleanUp()
  await second.cleanUp()
  rmSync(data, { recursive: true })
})

function flipByte(path: string): void {
  const file = openSync(path, 'r+')
  const byte = Buffer.alloc(1)
  const at = 1_000_000
  readSync(file, byte, 0, 1, at)
  writeSync(file, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at)
  closeSync(file)
}

/** Somebody else, who has the box and no layers. */
function colleague(): MachinesPlace {
  const own = mkdtempSync(join(data, 'colleague-'))
  mkdirSync(join(own, 'posada'))
  symlinkSync(userPaths(process.env).boxes, join(own, 'posada', 'boxes'))
  return machinesPlace('a colleague', { XDG_DATA_HOME: own })
}

const manifest = (name: string, steps: [string, string, string]) =>
  `version: 1
name: ${name}
box: posada/tiny
memory: 128MiB
sync: [{from: ., to: /srv/app, type: once}]
provision:
  - {name: ${steps[0]}, shell: "test ! -e /srv/app; head -c 8 /dev/urandom | od -An -tx1 > /root/drawn", cache: true}
  - {name: ${steps[1]}, shell: "${steps[2]}"}
`
const lockOf = (place: MachinesPlace) => readFileSync(join(place.dir, 'posada.lock'), 'utf8')
const inGuest = async (place: MachinesPlace, command: string) =>
  (await place.run('exec', '--', 'sudo', 'sh', '-c', command)).stdout
const knownHost = (place: MachinesPlace) =>
  readFileSync(join(place.dir, '.posada', 'machines', 'default', 'known_hosts'), 'utf8')
const layers = () => first.json<CacheListing>('cache', 'list')

describe('a step with cache', () => {
  it('leaves a layer, and nothing else', async () => {
    first.write(manifest('first', ['packages', 'own', 'hostname > /root/own']))
    await first.json('up')
    const { layers: kept } = await layers()
    expect(kept).toMatchObject([
      { description: expect.stringContaining('after step packages'), machines: [], problem: null },
    ])
    expect(first.hypervisors()).toHaveLength(1)
    expect(readdirSync(join(first.dir, '.posada', 'machines', 'default'))).not.toContain('packaging')
    expect(await inGuest(first, 'cat /root/own; ls /srv/app')).toBe('first\nposada.lock\nposada.yaml\n')
  })

  it('is done in the next machine with the same beginning, in another project, by another name', async () => {
    second.write(manifest('second', ['tools', 'own', 'hostname >> /root/own']))
    const planned = await second.json<PlanResult>('plan')
    expect(planned.machines[0]?.actions).toMatchObject([
      {
        do: 'make',
        why: [{}, { key: 'cache', to: expect.stringMatching(/^layer [0-9a-f]{12} with step tools$/) }],
      },
      { do: 'enter' },
      { do: 'sync' },
      { do: 'provision', steps: ['own'] },
    ])
    const { machines } = await second.json<{ machines: { steps: object[] }[] }>('up')
    expect(machines[0]?.steps).toMatchObject([
      { name: 'tools', result: 'skipped' },
      { name: 'own', result: 'ran' },
    ])
    expect(await second.json('plan')).toMatchObject({ changes: false })
    const drawn = await inGuest(first, 'cat /root/drawn')
    expect(drawn).toMatch(/[0-9a-f]{2}/)
    expect(await inGuest(second, 'cat /root/drawn')).toBe(drawn)
  })

  it('has given it nothing that belongs to the first machine', async () => {
    expect(await inGuest(second, 'cat /root/own; hostname; ls /srv/app')).toBe(
      'second\nsecond\nposada.lock\nposada.yaml\n',
    )
    expect(knownHost(second)).not.toBe(knownHost(first))
    expect(await inGuest(second, 'cut -d" " -f1,3- ~posada/.ssh/authorized_keys')).toBe(
      'ssh-ed25519 posada default\n',
    )
  })

  it.skipIf(!hasDockerRegistry)(
    "is in the first machine of a colleague, from the project's registry, and only what posada.lock has",
    async () => {
      const registry = await startDockerRegistry()
      const [mine, other] = [colleague(), colleague()]
      try {
        await first.json('cache', 'push', `oci://${registry.host}/team/shop`)
        expect(lockOf(first)).toContain(`oci://${registry.host}/team/shop@sha256:`)
        mine.write(manifest('third', ['packages', 'own', 'hostname > /root/own']))
        writeFileSync(join(mine.dir, 'posada.lock'), lockOf(first))
        const planned = await mine.json<PlanResult>('plan')
        expect(planned.machines[0]?.actions[0]?.why).toMatchObject([{}, { key: 'cache' }])
        expect(await mine.json('cache', 'list')).toMatchObject({ layers: [] })
        const { machines } = await mine.json<{ machines: { steps: object[] }[] }>('up')
        expect(machines[0]?.steps).toMatchObject([{ result: 'skipped' }, { result: 'ran' }])
        expect(await inGuest(mine, 'cat /root/drawn')).toBe(await inGuest(first, 'cat /root/drawn'))

        // Another in its place, under the same key: the lock has its digest, and the steps run.
        const changed = lockOf(first).replace(/(digest: )[0-9a-f]{64}(\n +arch)/, `$1${'0'.repeat(64)}$2`)
        expect(changed).not.toBe(lockOf(first))
        other.write(manifest('fourth', ['packages', 'own', 'true']))
        writeFileSync(join(other.dir, 'posada.lock'), changed)
        const { code, stderr } = await other.run('up')
        expect({ code, stderr }).toMatchObject({
          code: 0,
          stderr: expect.stringContaining('was not fetched'),
        })
        expect(await inGuest(other, 'cat /root/drawn')).not.toBe(await inGuest(first, 'cat /root/drawn'))
      } finally {
        await mine.cleanUp()
        await other.cleanUp()
        await registry.stop()
      }
    },
    300_000,
  )

  it('keeps the layer while a machine stands on it, and not when it was cut', async () => {
    expect(await first.json('cache', 'prune')).toMatchObject({ removed: [] })
    const { layers: kept } = await layers()
    expect(kept[0]?.machines).toHaveLength(1)
    // It needs no box besides.
    const boxes = join(data, 'posada', 'boxes')
    renameSync(boxes, `${boxes}-gone`)
    await second.json('reload')
    renameSync(`${boxes}-gone`, boxes)
    expect(await inGuest(second, 'cat /root/own')).toBe('second\n')
    await second.json('destroy', '--yes')
    const disk = join(data, 'posada', 'layers', 'sha256', kept[0]?.digest ?? '', 'root.qcow2')
    for (const damage of [flipByte, (path: string) => truncateSync(path, 100_000)]) {
      damage(disk)
      expect((await second.run('plan')).stderr).toContain('a cached layer is damaged and is not used')
    }
    expect(await second.json('plan')).toMatchObject({
      machines: [{ actions: [{ why: [{}] }, {}, { steps: ['tools'] }, {}, { steps: ['own'] }] }],
    })
    expect(await second.json('cache', 'prune')).toMatchObject({ removed: [{ digest: kept[0]?.digest }] })
    expect(await layers()).toMatchObject({ layers: [] })
  })

  it('killed while it is kept, it does not count, and the next command takes away what is left', async () => {
    const killed = second.start('up')
    const end = ended(killed)
    await says(killed, 'keeping the disk after step tools')
    killed.kill('SIGKILL')
    await end
    await second.json('up')
    expect(second.hypervisors()).toHaveLength(1)
    expect(readdirSync(join(second.dir, '.posada', 'machines', 'default'))).not.toContain('packaging')
    expect((await layers()).layers.filter(({ problem }) => problem !== null)).toEqual([])
  }, 120_000)
})
