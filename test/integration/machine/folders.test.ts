import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConflictResult, FolderStatus, PlanResult } from '../../../src/machine/index.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, says } from '../../helpers/posada.ts'

// Boots posada/tiny twice: about 50 s with emulated processors.

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('folders')
  write('app/index.html', 'one')
  write('app/bin/run', '#!/bin/sh\n', 0o755)
  write('seed/data', 'seed')
  place.write(manifest('./app'))
})
afterAll(() => place.cleanUp())

const manifest = (from: string, more = '') => `version: 1
box: posada/tiny
provider: qemu
memory: 128MiB
sync:
  - {from: ${from}, to: /srv/app}
  - {from: ./seed, to: /srv/seed, type: once}
provision:
  - {shell: "test -x /srv/app/bin/run && cat /srv/app/index.html /srv/seed/data >/tmp/seen", user: posada}
${more}`

const path = (name: string) => join(place.dir, name)
function write(name: string, text: string, mode = 0o644): void {
  mkdirSync(join(path(name), '..'), { recursive: true })
  writeFileSync(path(name), text, { mode })
}
async function guest(script: string): Promise<string> {
  const { code, stdout, stderr } = await place.run('exec', '--', 'sh', '-c', script)
  expect(code, stderr).toBe(0)
  return stdout
}
async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries++) {
    if (tries > 150) throw new Error(`it did not come: ${what.toString()}`)
    await sleep(300)
  }
}
const read = (name: string) => {
  const found = statSync(path(name), { throwIfNoEntry: false })
  return found === undefined ? null : readFileSync(path(name), 'utf8')
}
const folders = async () => (await place.json<{ folders: FolderStatus[] }>('sync:status')).folders
const conflicts = async () => (await place.json<{ conflicts: ConflictResult[] }>('sync:conflicts')).conflicts
/** `posada sync --watch`: what it writes, until Ctrl-C. */
function watching() {
  const child = place.start('sync', '--watch')
  const end = ended(child)
  let said = ''
  child.stdout.on('data', (text: string) => {
    said += text
  })
  return {
    /** Waits for a line that it had not written before. */
    async until(line: string) {
      await until(() => said.includes(line))
      said = said.slice(said.indexOf(line) + line.length)
    },
    interrupted() {
      child.kill('SIGINT')
      return end
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await end
    },
  }
}
/** Processes that keep folders equal for this project. */
const processes = () => place.processes(/dist\/sync\.js/)

it('a source that is missing is told before a machine is made', async () => {
  place.write(manifest('./missing'))
  const error = await place.fails('E_SYNC_SOURCE', 'up')
  expect(error).toMatchObject({ exitCode: 2, value: path('missing'), place: { line: 6 } })
  expect(place.hypervisors()).toEqual([])
  place.write(manifest('./app'))
})

it('folders are there before the first step, and each side gets what the other changes', async () => {
  await place.json('up')
  expect(await guest('cat /tmp/seen; stat -c "%a %U" /srv/app /srv/app/bin/run /srv/seed/data')).toBe(
    'oneseed755 posada\n755 posada\n644 posada\n',
  )
  expect(processes()).toHaveLength(1)
  await guest('echo guest >/srv/app/new; rm /srv/app/bin/run')
  write('app/index.html', 'two')
  await until(() => read('app/new') === 'guest\n' && read('app/bin/run') === null)
  await until(async () => (await guest('cat /srv/app/index.html')) === 'two')
  const before = processes()
  write('app/index.html', 'three')
  await place.json('sync')
  expect(await guest('cat /srv/app/index.html')).toBe('three')
  expect(processes()).toEqual(before)
})

it('what both sides change stays in both versions until it is settled; what gives way is in the trash', async () => {
  await using watch = watching()
  await watch.until('default:/srv/app is in sync; scanned')
  const [pid = Number.NaN] = processes()
  process.kill(pid, 'SIGKILL')
  await until(() => processes().length === 0)
  expect((await folders())[0]).toMatchObject({
    state: 'stopped',
    problem: expect.stringContaining('stopped'),
  })
  await watch.until('default:/srv/app is not being synced; the process that syncs it has stopped')
  const plan = await place.json<PlanResult>('plan')
  expect(plan.machines[0]?.actions).toMatchObject([{ do: 'sync', folders: ['/srv/app'] }])
  write('app/index.html', 'mine')
  await guest('printf theirs >/srv/app/index.html')
  await place.json('up')
  expect(processes()).toHaveLength(1)
  expect(await conflicts()).toMatchObject([{ machine: 'default', to: '/srv/app', path: 'index.html' }])
  expect([read('app/index.html'), await guest('cat /srv/app/index.html')]).toEqual(['mine', 'theirs'])
  await watch.until('default:/srv/app is in sync; 1 in conflict (posada sync conflicts)')
  await place.fails('E_SYNC_NONE', 'sync:resolve', '--mine', 'other')
  expect(await place.json('sync:resolve', '--theirs', '*.html')).toEqual({ resolved: 1, waiting: [] })
  expect(read('app/index.html')).toBe('theirs')
  expect(await conflicts()).toEqual([])
  await watch.until('default:/srv/app is in sync; scanned')
  expect(await watch.interrupted()).toMatchObject({
    code: 130,
    stderr: expect.not.stringContaining('E_INTERRUPTED'),
  })
})

it('the process ends with the machine, also where its power is cut, and what was deleted can be restored', async () => {
  write('app/cut', 'before')
  await place.json('sync')
  write('app/cut', 'after')
  await until(async () => (await guest('cat /srv/app/cut')) === 'after')
  for (const pid of place.hypervisors()) process.kill(pid, 'SIGKILL')
  await until(() => processes().length === 0)
  await place.json('sync:restore', 'bin/run')
  expect(read('app/bin/run')).toBe('#!/bin/sh\n')
  expect(statSync(path('app/bin/run')).mode & 0o777).toBe(0o755)
  renameSync(path('app'), path('away'))
  expect((await folders())[0]).toMatchObject({ state: 'stopped', problem: expect.stringContaining('exist') })
})

it('no version is lost with the power, and what was changed in the guest at last comes to the host before the machine is destroyed', async () => {
  renameSync(path('away'), path('app'))
  place.write(manifest('./app', `ready: [{shell: "test -e /srv/app/go", timeout: 2m}]\n`))
  // It waits for a file that comes when it already looks.
  const up = place.start('up')
  const end = ended(up)
  await says(up, 'waiting until ready')
  write('app/go', '')
  expect(await end).toMatchObject({ code: 0 })
  expect([await guest('cat /srv/app/cut'), read('app/cut')]).toEqual(['after', 'after'])
  for (const pid of processes()) process.kill(pid, 'SIGKILL')
  write('app/index.html', 'of the host')
  await guest('echo last >/srv/app/last; printf "of the guest" >/srv/app/index.html')
  const { stderr } = await place.run('destroy', '--yes')
  expect(read('app/last')).toBe('last\n')
  expect(read('app/index.html')).toBe('of the host')
  expect(stderr).toMatch(/\/srv\/app: 1 changed on both sides; the host's versions stay, .* in the trash/)
  rmSync(path('app/index.html'))
  await place.json('sync:restore', 'index.html')
  expect(read('app/index.html')).toBe('of the guest')
})
