import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FolderStatus } from '../../../src/machine/index.ts'
import { machinesPlace } from '../../helpers/machines.ts'
import { pathWithVirtiofsd } from '../../helpers/virtiofsd.ts'

// Boots one posada/tiny: about 10 s where guests are emulated. Without a virtiofsd nothing is tried.
const path = await pathWithVirtiofsd()

describe.skipIf(path === null)('a folder that is mounted', () => {
  const place = machinesPlace()
  place.env.PATH = path ?? ''
  const docs = join(place.dir, '..', 'docs')
  const secret = join(place.dir, '..', 'secret')
  const guest = async (script: string) => {
    const { stdout, stderr } = await place.run('exec', 'default', '--', 'sh', '-c', script)
    return stdout + stderr
  }
  const folders = async () =>
    (await place.json<{ folders: FolderStatus[] }>('sync', 'status')).folders.map(
      ({ to, state, problem }) => ({
        to,
        state,
        ...(problem === undefined ? {} : { problem }),
      }),
    )

  beforeAll(async () => {
    mkdirSync(docs)
    writeFileSync(join(docs, 'read me'), 'of the host')
    writeFileSync(secret, 'a secret of the host')
    symlinkSync(secret, join(docs, 'out'))
    place.write(`
version: 1
provider: qemu
box: posada/tiny
memory: 192MiB
sync:
  - {from: ., to: /srv/app, type: mount}
  - {from: ../docs, to: "/srv/my docs", type: mount, read_only: true}
`)
    await place.json('trust', '--yes')
    await place.json('up')
  }, 180_000)
  afterAll(() => place.cleanUp())

  it('is the same folder on both sides; what is in it belongs to the login user there and to its owner here', async () => {
    writeFileSync(join(place.dir, 'here'), 'of the host')
    expect(
      await guest(
        'cat /srv/app/here; stat -c %U /srv/app/here; cd /srv/app; echo x >there; chmod 750 there; sudo mkdir d',
      ),
    ).toBe('of the hostposada\n')
    expect(readFileSync(join(place.dir, 'there'), 'utf8')).toBe('x\n')
    const { uid } = statSync(place.dir)
    expect(statSync(join(place.dir, 'there'))).toMatchObject({ uid, mode: 0o100750 })
    expect(statSync(join(place.dir, 'd'))).toMatchObject({ uid })
    expect(await folders()).toEqual([
      { to: '/srv/app', state: 'mounted' },
      { to: '/srv/my docs', state: 'mounted' },
    ])
  })

  it("keeps Posada's own files from the guest, also from its root", async () => {
    const said = await guest(
      'sudo ls -A /srv/app/.posada; sudo touch /srv/app/.posada/x; sudo umount /srv/app/.posada; sudo ls -A /srv/app/.posada',
    )
    expect(said).toMatch(/Read-only file system/)
    expect(said).not.toMatch(/machines/)
  })

  it('is read only where that was said, and leads nowhere else', async () => {
    const said = await guest(
      'cd "/srv/my docs"; cat "read me" out; sudo sh -c "echo x >new"; sudo mount -o remount,rw . ; sudo touch "read me"',
    )
    expect(said).toContain('of the host')
    expect(said).toContain("can't open 'out'")
    expect(said.match(/Read-only file system/g)).toHaveLength(2)
    expect(readFileSync(join(docs, 'read me'), 'utf8')).toBe('of the host')
  })

  it('is mounted again by posada sync', async () => {
    await guest('sudo umount /srv/app')
    expect(await guest('ls -A /srv/app')).toBe('')
    const { machines } = await place.json<{ machines: { folders: object[] }[] }>('sync')
    expect(machines[0]?.folders).toMatchObject([{ to: '/srv/app', type: 'mount' }, { type: 'mount' }])
    expect(await guest('ls /srv/app')).toContain('posada.yaml')
  })

  it('keeps memory from being saved, and the machine goes on', async () => {
    expect(await place.fails('E_CAPABILITY', 'suspend')).toMatchObject({
      hint: expect.stringContaining('mirror'),
    })
    expect(await guest('echo up')).toBe('up\n')
  })

  it('is told as a change where it has left the manifest', async () => {
    const { machines } = await place.json<{ machines: { pending: string[] }[] }>('status')
    expect(machines[0]?.pending).toEqual([])
    const manifest = readFileSync(join(place.dir, 'posada.yaml'), 'utf8')
    place.write(manifest.replace(/.*my docs.*\n/, ''))
    const after = await place.json<{ machines: { pending: string[] }[] }>('status')
    expect(after.machines[0]?.pending).toEqual(['sync'])
    place.write(manifest)
  })

  it('that was removed is empty in the guest, and the other goes on', async () => {
    rmSync(docs, { recursive: true })
    expect(await guest('ls -A "/srv/my docs"; cat /srv/app/there')).toMatch(/x\n$/)
    mkdirSync(docs)
  })

  it('whose server was killed is told by status; the other goes on, and nothing is left in the end', async () => {
    const servers = place.processes(/--shared-dir/)
    expect(servers).toHaveLength(2)
    const of = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${docs}\0`)
    process.kill(servers.find(of) ?? 0, 'SIGKILL')
    while (place.processes(/--shared-dir/).length > 1) await sleep(20)
    expect(await folders()).toEqual([
      { to: '/srv/app', state: 'mounted' },
      { to: '/srv/my docs', state: 'stopped', problem: expect.stringContaining('has ended') },
    ])
    expect(await guest('cat /srv/app/there')).toBe('x\n')
    await place.json('destroy', '--yes')
    while (place.processes(/--shared-dir/).length > 0) await sleep(20)
    expect(readFileSync(join(place.dir, 'there'), 'utf8')).toBe('x\n')
  }, 60_000)
})
