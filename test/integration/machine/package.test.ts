import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, says } from '../../helpers/posada.ts'

// Makes boxes of machines: six boots of posada/tiny and three of debian/12, two minutes with emulated
// processors. The boxes are taken out of the store again.

const manifest = `version: 1
defaults: {memory: 256MiB}
networks: {shop: {}}
machines:
  one:
    box: posada/tiny
    networks: [shop]
    provision: [{shell: echo kept > /root/kept}]
  two: {box: test/packaged}
  deb: {box: debian/12, memory: 512MiB, provision: [{shell: echo kept > /root/kept}]}
  new: {box: test/packaged-debian, memory: 512MiB}
`

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('a packaged machine')
  place.write(manifest)
})
afterAll(async () => {
  await place.run('destroy', '--yes')
  for (const name of ['test/packaged', 'test/packaged-debian']) await place.run('box', 'remove', name)
  await place.cleanUp()
})

const pack = async (...args: string[]) => {
  const { code, stdout, stderr } = await place.run('box', 'package', ...args, '--json')
  return { code, stderr, result: JSON.parse(stdout) }
}
const inGuest = async (machine: string, command: string) =>
  (await place.run('exec', machine, '--', 'sh', '-c', command)).stdout
const hostKey = (machine: string) =>
  readFileSync(join(place.dir, '.posada', 'machines', machine, 'known_hosts'), 'utf8')
    .split(' ')
    .slice(1)
    .join(' ')

describe('box package', () => {
  it('asks before it shuts a machine down, and takes none that was never up', async () => {
    expect((await pack('one')).result.error).toMatchObject({ code: 'E_NOT_CREATED' })
    await place.json('up', 'one')
    expect((await pack('one')).result.error).toMatchObject({ code: 'E_CONFIRM' })
    expect((await pack()).result.error).toMatchObject({ code: 'E_MACHINE_AMBIGUOUS' })
    expect((await pack('--yes')).result.error).toMatchObject({ code: 'E_MACHINE_AMBIGUOUS' })
    expect((await pack('one', '--name', 'no name')).result.error).toMatchObject({ code: 'E_BOX_SOURCE' })
  })

  it('makes a box of a running machine that other machines are made of', async () => {
    const { code, result, stderr } = await pack('one', '--yes', '--name', 'test/packaged', '--version', '1')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(result).toMatchObject({ name: 'test/packaged', version: '1', machine: 'one', halted: true })
    expect(place.hypervisors()).toEqual([])
    // The machine was the last on its network, and the copy of it was none.
    expect(JSON.parse((await place.run('network', 'list', '--json')).stdout).running).toBe(false)
    await place.json('up', 'two')
    expect(await inGuest('two', 'sudo cat /root/kept; hostname')).toBe('kept\ntwo\n')
    expect(hostKey('two')).not.toBe(hostKey('one'))
  })

  it('leaves the machine as it was', async () => {
    await place.json('up', 'one')
    expect(await inGuest('one', 'sudo cat /root/kept; hostname')).toBe('kept\none\n')
    expect(await inGuest('one', 'ip -4 addr show eth1')).toContain('inet 10.')
    await place.json('halt', 'one')
  })

  it('makes a box of a machine made of such a box, killed in the middle and begun again', async () => {
    await place.json('halt', 'two')
    const child = place.start('box', 'package', 'two', '--name', 'test/packaged')
    const end = ended(child)
    await says(child, 'cleaning the copy')
    child.kill('SIGKILL')
    await end
    expect(place.hypervisors()).toHaveLength(1)
    const { code, result, stderr } = await pack('two', '--name', 'test/packaged')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(result).toMatchObject({ name: 'test/packaged', halted: false })
    expect(place.hypervisors()).toEqual([])
    await place.json('destroy', '--yes', 'two')
    await place.json('up', 'two')
    expect(await inGuest('two', 'sudo cat /root/kept')).toBe('kept\n')
    await place.json('destroy', '--yes', 'one', 'two')
  }, 400_000)
})

describe('a packaged debian/12', () => {
  it('has nothing left of the machine it was made of', async () => {
    await place.json('up', 'deb')
    const id = await inGuest('deb', 'cat /etc/machine-id')
    const { code, stderr } = await pack('deb', '--yes', '--name', 'test/packaged-debian')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    await place.json('up', 'new')
    expect(await inGuest('new', 'sudo cat /root/kept; hostname')).toBe('kept\nnew\n')
    expect(await inGuest('new', 'cat /etc/machine-id')).not.toBe(id)
    expect(hostKey('new')).not.toBe(hostKey('deb'))
    expect(await inGuest('new', 'cut -d" " -f1,3- ~/.ssh/authorized_keys')).toBe('ssh-ed25519 posada new\n')
    expect(await inGuest('new', 'systemctl --failed --plain --no-legend')).toBe('')
  }, 600_000)
})
