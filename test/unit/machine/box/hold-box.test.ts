import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { machinesOnBox } from '../../../../src/app/box/users.ts'
import { holdBox } from '../../../../src/machine/box/hold-box.ts'
import { noteInIndex } from '../../../../src/project/user-index.ts'
import { sharedProject } from '../../../helpers/shared-project.ts'

const projectId = 'abcd1234'

async function setUp() {
  const { offer, user, folder, server } = await sharedProject()
  offer('1.0')
  const { store, projectOf } = user('ann')
  const { project, config } = projectOf('team/web')
  await noteInIndex(project.user.projects, { version: 1, id: projectId, root: folder, name: 'shop' })
  const usedBy = (digest: string) => machinesOnBox({ store, user: project.user }, digest)
  const hold = (boxes = store) => holdBox({ ...project, boxes }, { projectId, config, previous: null })
  return { store, server, usedBy, hold }
}

it('a box that a machine is about to be made from is not pruned or removed', async () => {
  const { store, usedBy, hold } = await setUp()
  const box = await hold()
  expect(await store.prune({ usedBy, keep: 0, budget: null, dryRun: false })).toEqual([])
  await expect(store.remove('team/web', { usedBy })).rejects.toMatchObject({ code: 'E_BOX_IN_USE' })
  expect(await store.get(box.digest)).toEqual(box)
})

it('a box that goes between being found and being noted is had again', async () => {
  const { store, server, usedBy, hold } = await setUp()
  let removed = 0
  const box = await hold({
    ...store,
    get: async (digest) => {
      // What looked before the note was written goes on now.
      if (removed++ === 0) await store.remove('team/web', { usedBy: () => [] })
      return store.get(digest)
    },
  })
  expect(removed).toBeGreaterThan(1)
  expect(await store.get(box.digest)).toEqual(box)
  expect(server.requests.filter(({ url }) => url === '/1.0.tar')).toHaveLength(2)
  expect(await usedBy(box.digest)).toHaveLength(1)
})

it('a box that is noted while it is being taken away is put back', async () => {
  const { store, hold } = await setUp()
  const box = await hold()
  let asked = 0
  // The removal looks, looks again before it moves the content away, and once more after that.
  const usedBy = async () => (++asked > 2 ? ['shop/web in /srv/shop'] : [])
  await store.prune({ usedBy, keep: 0, budget: null, dryRun: false })
  expect(asked).toBeGreaterThan(2)
  expect(await store.get(box.digest)).toEqual(box)
  expect(await readdir(join(store.dir, 'tmp'))).toEqual([])
})
