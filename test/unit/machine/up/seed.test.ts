import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { planSeed, writeSeed } from '../../../../src/machine/cloud-init/seed.ts'
import { userDataDigest } from '../../../../src/machine/cloud-init/user-data.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'
import { aBox, aMachine, aState } from '../../../helpers/model.ts'
import { projectIn } from '../../../helpers/own-paths.ts'

const box = aBox({ seed: 'nocloud', login: { user: 'debian', otherKeys: [] } })
const place = async () => {
  const folder = await temporaryFolder(onTestFinished)
  return { folder, paths: projectIn(folder).machine('web') }
}

describe('planSeed', () => {
  it('lets in the user that user-data names, else the box’s', async () => {
    const { paths } = await place()
    const inputs = { box, paths, previous: null }
    expect(await planSeed(aMachine(), inputs)).toEqual({ user: 'debian', userData: null, digest: null })
    const text = '#cloud-config\nuser: alice\n'
    const config = aMachine({ cloudInit: { inline: text } })
    expect(await planSeed(config, inputs)).toMatchObject({ user: 'alice', userData: text })
  })

  it('reads a file, and knows it again by its digest', async () => {
    const { folder, paths } = await place()
    const path = join(folder, 'user-data')
    await writeFile(path, '#!/bin/sh\n')
    const config = aMachine({ cloudInit: { path } })
    const planned = await planSeed(config, { box, paths, previous: null })
    expect(planned?.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(await userDataDigest(config)).toBe(planned?.digest)
    await writeFile(path, 'no user-data')
    expect(await userDataDigest(config)).toBeUndefined()
    await expect(planSeed(config, { box, paths, previous: null })).rejects.toMatchObject({
      code: 'E_USER_DATA',
      value: path,
      place: { file: '/shop/posada.yaml' },
    })
  })

  it.each(['/there/is/none', '/etc'])('says that %s cannot be read', async (path) => {
    const { paths } = await place()
    const planned = planSeed(aMachine({ cloudInit: { path } }), { box, paths, previous: null })
    await expect(planned).rejects.toMatchObject({ code: 'E_USER_DATA', hint: expect.any(String) })
  })

  it('refuses user-data that no guest would read', async () => {
    const { paths } = await place()
    const config = aMachine({ cloudInit: { inline: '#!/bin/sh\n' } })
    await expect(planSeed(config, { box: aBox(), paths, previous: null })).rejects.toMatchObject({
      code: 'E_VALUE_INVALID',
    })
    expect(await planSeed(aMachine(), { box: aBox(), paths, previous: null })).toBeNull()
  })

  it('leaves the seed of a made machine alone, and makes a lost one again', async () => {
    const { paths } = await place()
    const previous = aState()
    expect(await planSeed(aMachine(), { box, paths, previous })).toMatchObject({ user: 'posada' })
    await mkdir(paths.dir, { recursive: true })
    await writeFile(paths.seed, '')
    expect(await planSeed(aMachine(), { box, paths, previous })).toBeNull()
  })
})

it('writeSeed keeps it from others and puts the machine’s own key in', async () => {
  const { paths } = await place()
  const { spec } = aState()
  await writeSeed({ user: 'debian', userData: 'secret', digest: null }, { spec, paths, hostName: 'web' })
  expect((await stat(paths.seed)).mode & 0o777).toBe(0o600)
  const image = await readFile(paths.seed, 'latin1')
  expect(image).toContain((await readFile(paths.publicKey, 'utf8')).trim())
  expect(image).toContain(spec.uuid)
})
