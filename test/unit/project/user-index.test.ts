import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { forgetInIndex, noteInIndex, readIndex } from '../../../src/project/user-index.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'

it('forgets a project with what was left of a note that was cut short, and no other', async () => {
  const folder = await temporaryFolder(onTestFinished)
  const note = (id: string) => noteInIndex(folder, { version: 1, id, root: `/${id}`, name: id })
  await note('0a1b2c3d')
  await note('4e5f6a7b')
  writeFileSync(join(folder, '0a1b2c3d.json.999999999-01234567.tmp'), '{')
  await forgetInIndex(folder, '0a1b2c3d')
  expect(readdirSync(folder)).toEqual(['4e5f6a7b.json'])
  expect((await readIndex(folder)).map(({ id }) => id)).toEqual(['4e5f6a7b'])
  await forgetInIndex(join(folder, 'none'), '4e5f6a7b')
})
