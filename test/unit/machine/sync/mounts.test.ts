import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { sharesOf, shareTag } from '../../../../src/machine/sync/mounts.ts'
import { projectPaths, userPaths } from '../../../../src/project/index.ts'
import { aMachine } from '../../../helpers/model.ts'

const home = realpathSync(mkdtempSync(join(tmpdir(), 'posada-mounts-')))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const root = join(home, 'work', 'shop')
const user = userPaths({ HOME: home })
const places = { user, paths: projectPaths(root, user) }
for (const path of [join(root, '.posada'), join(root, 'site'), user.projects, user.boxes])
  mkdirSync(path, { recursive: true })

const { place } = aMachine()
const folder = (from: string) => ({
  from,
  to: '/srv/x',
  type: 'mount' as const,
  readOnly: false,
  place: place(),
})
const shares = (from: string, login = 'posada') =>
  sharesOf(places, aMachine({ mounts: [folder(from)] }), login)

it("hides Posada's own folders where they lie in one that is mounted", async () => {
  expect(await shares(root)).toEqual([
    {
      tag: shareTag(folder(root)),
      path: root,
      readOnly: false,
      hidden: [join(root, '.posada')],
      owner: 1000,
    },
  ])
  const [of] = await shares(home)
  expect(of?.hidden).toEqual([
    join(root, '.posada'),
    join(home, '.local/share/posada'),
    join(home, '.local/state/posada'),
  ])
  expect(await shares(join(root, 'site'), 'root')).toMatchObject([{ hidden: [], owner: 0 }])
})

it('refuses what is its own', async () => {
  for (const from of [join(root, '.posada'), user.projects])
    await expect(shares(from)).rejects.toMatchObject({ code: 'E_SYNC_SOURCE', value: from })
})

it('has another tag for another folder, place or way, which fits virtio-fs', () => {
  const one = folder('/a')
  const tags = [one, { ...one, from: '/b' }, { ...one, to: '/b' }, { ...one, readOnly: true }].map(shareTag)
  expect(new Set(tags).size).toBe(4)
  for (const tag of tags) expect(tag).toMatch(/^posada-[0-9a-f]{1,29}$/)
})
