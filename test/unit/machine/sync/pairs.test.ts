import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { pairOf, pairsEver } from '../../../../src/machine/sync/pairs.ts'
import { userPaths } from '../../../../src/project/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'
import { projectIn } from '../../../helpers/own-paths.ts'

it('what is remembered of a folder in the project is found when the project is moved; of one outside by its path', async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'posada-pairs-')))
  try {
    for (const name of ['shop/app', 'other/app']) mkdirSync(join(dir, name), { recursive: true })
    const config = aMachine()
    const state = aState(config)
    const placesOf = (root: string) => ({ user: userPaths({ HOME: dir }), paths: projectIn(root) })
    const folderOf = (from: string) => ({
      ...{ from, to: '/srv/app', type: 'mirror' as const, place: config.place() },
      ...{ exclude: [], gitignore: true, git: false, merge: false },
    })
    const namesFrom = async (root: string, from: string) =>
      (await pairsEver(placesOf(join(dir, root)), state.spec.id, folderOf(join(dir, from)))).map((pair) =>
        basename(pair.stateDir),
      )
    const inside = await pairOf(placesOf(join(dir, 'shop')), state, folderOf(join(dir, 'shop/app')))
    const outside = await pairOf(placesOf(join(dir, 'shop')), state, folderOf(join(dir, 'other/app')))
    expect(basename(inside.stateDir)).not.toBe(basename(outside.stateDir))
    // Only what keeps them equal makes them.
    for (const { stateDir } of [inside, outside]) mkdirSync(stateDir, { recursive: true })
    renameSync(join(dir, 'shop'), join(dir, 'moved'))
    expect(await namesFrom('moved', 'moved/app')).toEqual([basename(inside.stateDir)])
    expect(await namesFrom('moved', 'other/app')).toEqual([basename(outside.stateDir)])
  } finally {
    rmSync(dir, { recursive: true })
  }
})
