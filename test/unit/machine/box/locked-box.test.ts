import { createHash } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { updateBoxes } from '../../../../src/machine/box/update-boxes.ts'
import { boxContent, writeBox } from '../../../helpers/box-files.ts'
import { archive, sha256, sharedProject } from '../../../helpers/shared-project.ts'
import { tar } from '../../../helpers/tar.ts'

const named = (name: string, version: string, disk: string) =>
  tar([...boxContent({ name, version }, disk)].map(([file, content]) => ({ name: file, content })))
const terms = (more: object) => ({ checksum: null, unchecked: false, facts: {}, ...more })

describe('a locked box', () => {
  it('that is a cloud image of a catalogue is the same box for those who have only the lock', async () => {
    const { files, user, lock, paths } = await sharedProject()
    const image = Buffer.from('a disk with cloud-init'.padEnd(2048))
    const x86_64 = {
      url: 'web.raw',
      checksum: `sha256:${sha256(image)}`,
      firmware: 'uefi',
      image: 'raw',
    }
    const versions = [{ version: '1.0', images: { x86_64 } }]
    const boxes = { 'team/web': { description: 'the shop', user: 'shopkeeper', versions } }
    files.set('/web.raw', image)
    files.set('/catalogue.json', Buffer.from(JSON.stringify({ format: 1, boxes })))
    const first = await user('ann').find('team/web')
    expect(await lock()).toContain(`      facts:
        description: the shop
        user: shopkeeper
        firmware: uefi
        image: raw
`)
    const admin = { box: 'team/web', boxTerms: terms({ facts: { user: 'admin' } }) }
    const cy = user('cy')
    await cy.find('team/web')
    await expect(cy.find(admin)).rejects.toMatchObject({ code: 'E_LOCK_MISMATCH' })
    const locked = await lock()
    await updateBoxes(cy.projectOf(admin).project, [])
    expect((await cy.find(admin)).manifest.login.user).toBe('admin')
    await writeFile(paths.lockfile, locked)
    files.delete('/catalogue.json')
    const second = await user('ben').find('team/web')
    expect(second.digest).toBe(first.digest)
    expect(second.manifest).toMatchObject({ login: { user: 'shopkeeper' }, firmware: 'uefi' })
  })

  it.each(['store', 'server'])(
    'is another one where the manifest says another user; from the %s',
    async (from) => {
      const { files, server, user } = await sharedProject()
      const image = Buffer.from('a disk with cloud-init'.padEnd(2048))
      const checksum = `sha256:${sha256(image)}`
      files.set('/web.raw', image)
      const box = (name: string) => ({
        box: `${server.url}/web.raw`,
        boxTerms: terms({ checksum, facts: { name: 'team/web', user: name, image: 'raw' } }),
      })
      const ann = user('ann')
      await ann.find(box('debian'))
      const who = from === 'store' ? ann : user('ben')
      await expect(who.find(box('admin'))).rejects.toMatchObject({
        code: 'E_LOCK_MISMATCH',
        message: 'the manifest and posada.lock disagree on the user of team/web',
        details: ['the manifest:  admin', 'posada.lock:   debian'],
        hint: expect.stringContaining('posada box update'),
      })
      expect(await updateBoxes(who.projectOf(box('admin')).project, [])).toMatchObject([{ changed: true }])
      expect((await who.find(box('admin'))).manifest.login.user).toBe('admin')
    },
  )

  it('of a file that the manifest says another user of is another one, too', async () => {
    const { folder, user } = await sharedProject()
    await writeFile(join(folder, 'web.raw'), 'a disk with cloud-init'.padEnd(2048))
    const box = (name: string) => ({
      box: './web.raw',
      boxTerms: terms({ facts: { name: 'team/web', version: '1', user: name, image: 'raw' } }),
    })
    const ann = user('ann')
    await ann.find(box('debian'))
    expect((await ann.find(box('debian'))).manifest.login.user).toBe('debian')
    await expect(ann.find(box('admin'))).rejects.toMatchObject({ code: 'E_LOCK_MISMATCH' })
    await updateBoxes(ann.projectOf(box('admin')).project, [])
    expect((await ann.find(box('admin'))).manifest.login.user).toBe('admin')
  })

  it('that is another one where it came from changes nothing in the store', async () => {
    const { folder, user } = await sharedProject()
    await writeFile(join(folder, 'web.tar'), archive('1.0', 'one'))
    await user('ann').find({ box: './web.tar', boxTerms: terms({ facts: { name: 'team/web' } }) })
    const { store, find } = user('ben')
    const own = await store.add(
      await writeBox(join(folder, 'own'), boxContent({ name: 'team/web', version: '1.0' }, 'own')),
    )
    await writeFile(join(folder, 'web.tar'), archive('1.0', 'two'))
    await expect(find('./web.tar')).rejects.toMatchObject({ code: 'E_LOCK_MISMATCH' })
    expect(await store.list()).toMatchObject([{ digest: own.digest }])
    expect(await store.resolve('team/web', 'x86_64')).toEqual(own)
  })

  it('that is damaged in the store is fetched again, and whole where it lies', async () => {
    const { offer, user } = await sharedProject()
    offer('1.0')
    const { events, store, find } = user('ann')
    const first = await find('team/web')
    await chmod(join(first.dir, 'root.raw'), 0o600)
    await writeFile(join(first.dir, 'root.raw'), 'the DISK')
    await expect(store.get(first.digest)).rejects.toMatchObject({ code: 'E_BOX_CORRUPT' })
    expect(await find('team/web')).toEqual(first)
    expect(await store.verify(first.digest)).toBeNull()
    expect(events).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('damaged') }),
    )
  })

  it('does not take the name from another box of the same version', async () => {
    const { folder, offer, user } = await sharedProject()
    offer('1.0')
    const first = await user('ann').find('team/web')
    const { store, find } = user('ben')
    const own = await store.add(
      await writeBox(join(folder, 'own'), boxContent({ name: 'team/web', version: '1.0' }, 'own')),
    )
    expect((await find('team/web')).digest).toBe(first.digest)
    expect(await store.resolve('team/web', 'x86_64')).toEqual(own)
    expect((await find('team/web')).digest).toBe(first.digest)
  })

  it('is what the first of two commands came to that begin at once', async () => {
    const { folder, user, lock } = await sharedProject()
    const [ann, ben] = [user('ann'), user('ben')]
    const add = async ({ store }: typeof ann, version: string) =>
      store.add(await writeBox(join(folder, `v${version}`), boxContent({ name: 'team/web', version })))
    const older = await add(ann, '1')
    await add(ben, '2')
    const before = async () => {
      await ann.find('team/web')
      return lock()
    }
    let written = ''
    const find: typeof ben.store.find = async (...args) => {
      written = await before()
      return ben.store.find(...args)
    }
    await expect(ben.find('team/web', { boxes: { ...ben.store, find } })).rejects.toMatchObject({
      // No one offers ann's, so that ben is told rather than given another.
      code: 'E_BOX_MISSING',
      value: older.digest,
    })
    expect(await lock()).toBe(written)
  })
})

describe('a box that was fetched', () => {
  it('is not found by the name that it gives itself, and takes it from no one', async () => {
    const { folder, user, files, server } = await sharedProject()
    const { store, find } = user('ann')
    files.set('/catalogue.json', Buffer.from('{"format":1,"boxes":{}}'))
    const content = named('team/db', '99', 'hostile')
    files.set('/db.tar', content)
    const box = `${server.url}/db.tar#sha256=${sha256(content)}`
    const hostile = await find(box)
    expect(hostile.manifest.name).toBe('team/db')
    await expect(find('team/db')).rejects.toMatchObject({
      code: 'E_BOX_MISSING',
      hint: expect.stringContaining(`posada box add ${server.url}/db.tar`),
    })
    const ours = await store.add(
      await writeBox(join(folder, 'ours'), boxContent({ name: 'team/db', version: '1' }, 'ours')),
    )
    expect(await find('team/db')).toEqual(ours)
    // The same name and version as another, by a file this time.
    await writeFile(join(folder, 'db.tar'), named('team/db', '1', 'also hostile'))
    expect((await find('./db.tar')).digest).not.toBe(ours.digest)
    expect(await store.resolve('team/db@1', 'x86_64')).toEqual(ours)
    // Each is still found where it was asked for, and listed.
    expect(await find(box)).toEqual(hostile)
    expect(await store.list()).toHaveLength(3)
  })

  it('bears the name that the manifest gives it', async () => {
    const { folder, user } = await sharedProject()
    const { store, find } = user('ann')
    await writeFile(join(folder, 'web.raw'), 'a disk'.padEnd(1024))
    const box = await find({
      box: './web.raw',
      boxTerms: terms({ facts: { name: 'team/raw', version: '1', image: 'raw' } }),
    })
    expect(await store.resolve('team/raw', 'x86_64')).toEqual(box)
  })

  it('from a place with credentials is locked without them, and had again with those of the manifest', async () => {
    const { files, server, user, lock } = await sharedProject({ login: 'me:hunter2' })
    files.set('/web.tar?token=s3cret&v=1', archive('1.0'))
    const box = `${server.url.replace('//', '//me:hunter2@')}/web.tar?token=s3cret&v=1#sha256=${sha256(archive('1.0'))}`
    const { store, find } = user('ann')
    const first = await find(box)
    const written = [await lock(), JSON.stringify(await store.list())]
    for (const text of written) expect(text).not.toMatch(/hunter2|s3cret/)
    expect(written[0]).toContain(`${server.url}/web.tar?v=1:`)
    expect((await user('ben').find(box)).digest).toBe(first.digest)
  })

  it('by a private catalogue is locked without its credentials, and had again with them', async () => {
    const { offer, user, lock } = await sharedProject({ login: 'me:hunter2' })
    offer('1.0')
    const first = await user('ann').find('team/web')
    expect(await lock()).not.toContain('hunter2')
    expect((await user('ben').find('team/web')).digest).toBe(first.digest)
  })
})

describe('a locked box that has moved', () => {
  const catalogue = (url: string, version = '1.0') => {
    const images = { x86_64: { url, checksum: `sha256:${sha256(archive(version))}` } }
    const boxes = { 'team/web': { description: 'x', versions: [{ version: '1.0', images }] } }
    return Buffer.from(JSON.stringify({ format: 1, boxes }))
  }

  it('is had from where the catalogue has it now, with the credentials for that place', async () => {
    const { files, user, lock } = await sharedProject()
    files.set('/web.tar?token=s3cret', archive('1.0'))
    files.set('/catalogue.json', catalogue('web.tar?token=s3cret'))
    const first = await user('ann').find('team/web')
    expect(await lock()).not.toContain('s3cret')
    expect((await user('ben').find('team/web')).digest).toBe(first.digest)
    files.clear()
    files.set('/moved.tar', archive('1.0'))
    files.set('/catalogue.json', catalogue('moved.tar'))
    expect((await user('cy').find('team/web')).digest).toBe(first.digest)
  })

  it('is not taken from there where it is another one, nor from nowhere', async () => {
    const { files, user } = await sharedProject()
    files.set('/web.tar', archive('1.0'))
    files.set('/catalogue.json', catalogue('web.tar'))
    await user('ann').find('team/web')
    files.clear()
    files.set('/catalogue.json', catalogue('moved.tar', '1.1'))
    files.set('/moved.tar', archive('1.1'))
    const { store, find } = user('ben')
    await expect(find('team/web')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('/web.tar cannot be fetched: the server answered 404'),
    })
    expect(await store.list()).toEqual([])
  })
})

describe('the manifest’s checksum', () => {
  it('is held against a file', async () => {
    const { folder, user } = await sharedProject()
    await writeFile(join(folder, 'web.tar'), archive('1.0'))
    const wrong = { box: './web.tar', boxTerms: terms({ checksum: `sha256:${'0'.repeat(64)}` }) }
    const { store, find } = user('ann')
    await expect(find(wrong)).rejects.toMatchObject({
      code: 'E_CHECKSUM',
      details: [`expected sha256:${'0'.repeat(64)}`, `got      sha256:${sha256(archive('1.0'))}`],
    })
    expect(await store.list()).toEqual([])
    const right = { box: './web.tar', boxTerms: terms({ checksum: `sha256:${sha256(archive('1.0'))}` }) }
    await find(right)
    await expect(find(wrong)).rejects.toMatchObject({ code: 'E_LOCK_MISMATCH' })
  })

  it.each([
    ['of another algorithm', `sha512:${'0'.repeat(128)}`],
    ['where posada.lock has none', `sha256:${'0'.repeat(64)}`],
  ])('%s is compared with a locked box, too, and an update moves to it', async (kind, wrong) => {
    const { folder, offer, user, lock } = await sharedProject()
    offer('1.0')
    await writeFile(join(folder, 'web.tar'), archive('1.0'))
    const box = kind.startsWith('of') ? 'team/web' : './web.tar'
    const [ann, ben] = [user('ann'), user('ben')]
    const first = await ann.find(box)
    for (const who of [ann, ben])
      await expect(who.find({ box, boxTerms: terms({ checksum: wrong }) })).rejects.toMatchObject({
        code: 'E_LOCK_MISMATCH',
        details: [`the manifest:  ${wrong}`, expect.stringContaining('posada.lock:   ')],
      })
    const update = (checksum: string) =>
      updateBoxes(ann.projectOf({ box, boxTerms: terms({ checksum }) }).project, [])
    const locked = await lock()
    await expect(update(wrong)).rejects.toMatchObject({ code: 'E_CHECKSUM' })
    expect(await lock()).toBe(locked)
    const [algorithm = ''] = wrong.split(':')
    const right = `${algorithm}:${createHash(algorithm).update(archive('1.0')).digest('hex')}`
    await update(right)
    expect(await lock()).toContain(right)
    for (const who of [ann, ben])
      expect((await who.find({ box, boxTerms: terms({ checksum: right }) })).digest).toBe(first.digest)
  })

  it('is held against what the store has under a name', async () => {
    const { folder, offer, user } = await sharedProject()
    offer('1.0')
    const { store, find } = user('ann')
    await store.add(
      await writeBox(join(folder, 'own'), boxContent({ name: 'team/web', version: '1.0' }, 'own')),
    )
    const checksum = `sha256:${sha256(archive('1.0'))}`
    const box = await find({ box: 'team/web', boxTerms: terms({ checksum }) })
    expect(await readFile(join(box.dir, 'root.raw'), 'utf8')).toBe('the disk')
  })

  it('behind a URL and beside it has to be one', async () => {
    const { files, server, user } = await sharedProject()
    files.set('/web.tar', archive('1.0'))
    const right = sha256(archive('1.0'))
    const box = `${server.url}/web.tar#sha256=${right}`
    const { find } = user('ann')
    const wrong = terms({ checksum: `sha256:${'0'.repeat(64)}` })
    await expect(find({ box, boxTerms: wrong })).rejects.toMatchObject({ code: 'E_BOX_SOURCE' })
    await find({ box, boxTerms: terms({ checksum: `sha256:${right.toUpperCase()}` }) })
  })

  it('of a folder is refused', async () => {
    const { folder, user } = await sharedProject()
    await writeBox(join(folder, 'web'), boxContent())
    const boxTerms = terms({ checksum: `sha256:${'0'.repeat(64)}` })
    await expect(user('ann').find({ box: './web', boxTerms })).rejects.toMatchObject({ code: 'E_BOX_SOURCE' })
  })
})
