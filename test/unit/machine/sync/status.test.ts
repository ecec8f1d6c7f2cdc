import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { folderStatusText } from '../../../../src/cli/index.ts'
import { lockFile } from '../../../../src/lib/process/lock-file.ts'
import { shareTag } from '../../../../src/machine/sync/mounts.ts'
import { folderStatuses } from '../../../../src/machine/sync/status.ts'
import { userPaths } from '../../../../src/project/index.ts'
import type { MachineStatus } from '../../../../src/provider/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'
import { projectIn } from '../../../helpers/own-paths.ts'

const at = '2026-01-01T00:00:00.000Z'
const folder = {
  ...{ from: '/host', to: '/srv/x', type: 'mount' as const, readOnly: false },
  place: aMachine().place(),
}
const config = aMachine({ mounts: [folder] })
const tag = shareTag(folder)
const { spec } = aState(config)
const started = aState(config, {
  spec: { ...spec, shares: [{ tag, path: '/host', readOnly: false, hidden: [], owner: 1000 }] },
})
const mounted = { ...started, folders: { '/srv/x': { from: '/host', at } } }
const runs = { state: 'running', pid: 1, accelerator: 'tcg' } as const

it.each<[string, typeof mounted | typeof started | null, MachineStatus | null, RegExp]>([
  ['is not made', null, null, /is not mounted$/],
  ['is off', mounted, { state: 'stopped', crashed: false }, /is not mounted$/],
  ['runs', mounted, runs, /is mounted$/],
  ['was not finished by up', started, runs, /is not mounted; up has not come to it yet \(posada up web\)/],
  [
    'has lost its server',
    mounted,
    { ...runs, lostShares: [tag] },
    /is not mounted; the process .* has ended/,
  ],
  [
    'was started without it',
    { ...mounted, spec },
    runs,
    /is not mounted; it is new .* \(posada reload web\)/,
  ],
])('a folder that a machine mounts, where that %s', async (_, state, found, text) => {
  const places = { user: userPaths({ HOME: '/nowhere' }), paths: projectIn('/nowhere/shop') }
  const [status] = await folderStatuses(places, config, { state, found })
  expect(status === undefined ? '' : folderStatusText(status)).toMatch(text)
})

it('folders are being synced while a command brings some of them in, and are not once it was killed', async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'posada-status-')))
  try {
    const places = { user: userPaths({ HOME: dir }), paths: projectIn(dir) }
    const settings = { exclude: [], gitignore: true, git: false, merge: false, place: config.place() }
    const mirrors = ['/srv/a', '/srv/b'].map((to) => ({
      ...{ from: dir, to, type: 'mirror' as const },
      ...settings,
    }))
    const machine = aMachine({ sync: mirrors })
    const looked = async () => {
      const statuses = await folderStatuses(places, machine, { state: aState(machine), found: runs })
      return statuses.map(({ state, problem = '' }) => [state, problem.replace(/ \(.*/, '')])
    }
    const isKilled = ['stopped', 'the process that syncs it has stopped']
    expect(await looked()).toEqual([isKilled, isKilled])
    expect(readdirSync(dir)).toEqual([])
    const { foldersLock } = places.paths.machine('web')
    mkdirSync(join(foldersLock, '..'), { recursive: true })
    const lock = await lockFile(foldersLock)
    if (typeof lock === 'string') throw new Error(lock)
    expect(await looked()).toEqual([
      ['syncing', ''],
      ['syncing', ''],
    ])
    await lock.close()
    expect(await looked()).toEqual([isKilled, isKilled])
  } finally {
    rmSync(dir, { recursive: true })
  }
})
