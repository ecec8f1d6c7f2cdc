import { expect, it } from 'vitest'
import { folderStatusText } from '../../../../src/cli/index.ts'
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
