import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { boxContent, writeBox } from '../../../helpers/box-files.ts'
import { archive, sharedProject as setUp, sha256 } from '../../../helpers/shared-project.ts'

describe('the box of a machine', () => {
  it('is fetched where the store has none, and written into posada.lock', async () => {
    const { offer, user, lock, server } = await setUp()
    offer('1.0', '1.1')
    const box = await user('ann').find('team/web@>= 1, < 2')
    expect(box.manifest.version).toBe('1.1')
    expect(
      await lock(),
    ).toBe(`# Written by posada: what boxes, base manifests and scripts of this project came to, for everybody who works on it.
# Commit it. \`posada box update\` moves it.
version: 1
boxes:
  team/web@>= 1, < 2:
    x86_64:
      name: team/web
      version: "1.1"
      digest: ${box.digest}
      url: ${server.url}/1.1.tar
      checksum: sha256:${sha256(archive('1.1'))}
      facts:
        description: x
`)
  })

  it('is the locked one for everybody, also after newer ones appeared', async () => {
    const { offer, user, server } = await setUp()
    offer('1.0')
    const first = await user('ann').find('team/web')
    offer('1.0', '2.0')
    server.requests.length = 0
    expect((await user('ben').find('team/web')).digest).toBe(first.digest)
    expect(server.requests.map(({ url }) => url)).toEqual(['/1.0.tar'])
    const cy = user('cy')
    await cy.store.add(
      await writeBox(join(cy.store.dir, '..', 'new'), boxContent({ name: 'team/web', version: '3' })),
    )
    expect((await cy.find('team/web')).digest).toBe(first.digest)
  })

  it('is taken from the store without asking anyone where the lock or the name is satisfied', async () => {
    const { folder, user, server } = await setUp()
    const ann = user('ann')
    await ann.store.add(await writeBox(join(folder, 'b'), boxContent({ name: 'team/web', version: '1' })))
    await ann.find('team/web')
    await ann.find('team/web')
    expect(server.requests).toEqual([])
  })

  it('that several machines want at once is fetched and locked once', async () => {
    const { offer, user, server } = await setUp()
    offer('1.0')
    const { find } = user('ann')
    const [one, other] = await Promise.all([find('team/web'), find('team/web')])
    expect(one.digest).toBe(other.digest)
    expect(server.requests.filter(({ url }) => url === '/1.0.tar')).toHaveLength(1)
  })

  it('of a file is added, and is the locked one although the file changed, until the lock moves', async () => {
    const { folder, user } = await setUp()
    await writeFile(join(folder, 'web.tar'), archive('1.0', 'one'))
    const first = await user('ann').find('./web.tar')
    await writeFile(join(folder, 'web.tar'), archive('1.0', 'two'))
    expect((await user('ann').find('./web.tar')).digest).toBe(first.digest)
    await expect(user('ben').find('./web.tar')).rejects.toMatchObject({
      code: 'E_LOCK_MISMATCH',
      details: [expect.stringContaining(first.digest), expect.stringMatching(/found: +sha256:[0-9a-f]{64}/)],
      place: { file: '/shop/posada.yaml' },
    })
  })

  it('of a URL without a checksum is taken where the manifest says so, and pinned from then on', async () => {
    const { files, server, user } = await setUp()
    files.set('/web.tar', archive('1.0', 'one'))
    const box = `${server.url}/web.tar`
    await expect(user('ann').find(box)).rejects.toMatchObject({ code: 'E_UNCHECKED' })
    const boxTerms = { checksum: null, unchecked: true, facts: {} }
    const first = await user('ann').find({ box, boxTerms })
    expect((await user('ben').find({ box, boxTerms })).digest).toBe(first.digest)
    files.set('/web.tar', archive('1.0', 'two'))
    await expect(user('cy').find({ box, boxTerms })).rejects.toMatchObject({ code: 'E_CHECKSUM' })
  })

  it('is checked against the manifest’s checksum before the lock', async () => {
    const { files, server, user } = await setUp()
    files.set('/web.tar', archive('1.0'))
    const right = `${server.url}/web.tar#sha256=${sha256(archive('1.0'))}`
    await user('ann').find(right)
    const wrong = `${server.url}/web.tar#sha256=${'0'.repeat(64)}`
    await expect(user('ann').find(wrong)).rejects.toMatchObject({
      code: 'E_LOCK_MISMATCH',
      details: [expect.stringContaining('0'.repeat(64)), expect.stringContaining(sha256(archive('1.0')))],
    })
  })

  it('that was replaced in the store under the same version is told, with both digests', async () => {
    const { folder, user } = await setUp()
    const ann = user('ann')
    const box = (disk: string) =>
      writeBox(join(folder, disk), boxContent({ name: 'team/web', version: '1' }, disk))
    const first = await ann.store.add(await box('one'))
    await ann.find('team/web')
    const second = await ann.store.add(await box('two'), { force: true, usedBy: () => [] })
    await expect(ann.find('team/web')).rejects.toMatchObject({
      code: 'E_LOCK_MISMATCH',
      details: [`posada.lock:  sha256:${first.digest}`, `found:        sha256:${second.digest}`],
    })
    await expect(user('ben').find('team/web')).rejects.toMatchObject({ code: 'E_BOX_MISSING' })
  })

  it('that is nowhere is told with what is near', async () => {
    const { user, offer } = await setUp()
    const { find } = user('ann')
    await expect(find('debain/12')).rejects.toMatchObject({ code: 'E_TRANSFER' })
    offer('1.0')
    await expect(user('ann').find('debain/12')).rejects.toMatchObject({
      code: 'E_BOX_MISSING',
      hint: 'did you mean debian/12?',
    })
    await expect(user('ann').find('debian/12')).rejects.toMatchObject({ hint: 'posada box build debian/12' })
  })
})

describe('moving the lock', () => {
  it('takes it to the newest version that fits, and says from where', async () => {
    const { offer, user, server } = await setUp()
    offer('1.0')
    const ann = user('ann')
    expect(await ann.outdated('team/web@~> 1')).toEqual([
      { box: 'team/web@~> 1', arch: 'x86_64', locked: null, newest: '1.0', outdated: false },
    ])
    const first = await ann.find('team/web@~> 1')
    offer('1.0', '1.5', '2.0')
    expect(await ann.outdated('team/web@~> 1')).toMatchObject([
      { locked: '1.0', newest: '1.5', outdated: true },
    ])
    expect((await ann.find('team/web@~> 1')).digest).toBe(first.digest)
    server.requests.length = 0
    expect(await ann.update('team/web@~> 1', 'team/web')).toMatchObject([
      { from: { version: '1.0', digest: first.digest }, to: { version: '1.5' }, changed: true },
    ])
    expect(server.requests.some(({ url }) => url === '/1.5.tar')).toBe(true)
    expect((await user('ben').find('team/web@~> 1')).manifest.version).toBe('1.5')
    expect(await ann.update('team/web@~> 1')).toMatchObject([{ changed: false }])
    await expect(ann.update('team/web@~> 1', 'team/db', 'oci://me:hunter2@h/a')).rejects.toMatchObject({
      code: 'E_BOX_MISSING',
      value: 'team/db, oci://h/a',
      hint: 'it has team/web@~> 1, https://h.example/base.yaml',
    })
  })

  it('takes what stands at a path now', async () => {
    const { folder, user } = await setUp()
    const { find, update, outdated } = user('ann')
    await writeFile(join(folder, 'web.tar'), archive('1.0', 'one'))
    const first = await find('./web.tar')
    await writeFile(join(folder, 'web.tar'), archive('1.0', 'two'))
    expect(await outdated('./web.tar')).toMatchObject([{ locked: '1.0', newest: null, outdated: false }])
    expect(await update('./web.tar')).toMatchObject([{ from: { digest: first.digest }, changed: true }])
    expect((await find('./web.tar')).digest).not.toBe(first.digest)
  })
})

describe('posada.lock', () => {
  const entry = (name: string, version: string, more = '') =>
    `version: 1\nboxes: {team/web: {x86_64: {name: ${name}, version: "${version}", digest: ${'0'.repeat(64)}${more}}}}\n`
  it.each([
    ['a merge conflict', '<<<<<<< ours\nversion: 1\n=======\nversion: 1\n>>>>>>> theirs\n', /--ours/],
    ['a later form', 'version: 2\nboxes: {}\n', /^update Posada/],
    ['a key that is not known', 'version: 1\nboxes: {}\nmore: x\n', /remove it: the next posada up/],
    [
      'a digest that is none',
      'version: 1\nboxes: {a/b: {x86_64: {name: a/b, version: "1", digest: abc}}}\n',
      /version control/,
    ],
    ['no YAML', 'version: [\n', /version control/],
    ['an alias', 'version: 1\nboxes: {a: &x {}, b: *x}\n', /version control/],
    ['too much', `# ${'x'.repeat(1024 * 1024)}\nversion: 1\nboxes: {}\n`, /version control/],
    ['a name that leads out of the store', entry('../../team/web', '1'), /version control/],
    ['a version that leads out of the store', entry('team/web', '../1'), /version control/],
    ['an address that is a path', entry('team/web', '1', ', url: /etc/passwd'), /version control/],
    ['facts that are none', entry('team/web', '1', ', facts: {user: "a b"}'), /version control/],
  ])('with %s is refused, and the hint helps', async (_, text, hint) => {
    const { paths, user, offer } = await setUp()
    await writeFile(paths.lockfile, text)
    await expect(user('ann').find('team/web')).rejects.toMatchObject({
      code: 'E_LOCKFILE',
      value: paths.lockfile,
      hint: expect.stringMatching(hint),
    })
    if (!hint.test('remove it: the next posada up')) return
    offer('1.0')
    await rm(paths.lockfile)
    expect(await user('ann').find('team/web')).toMatchObject({ manifest: { version: '1.0' } })
  })

  it('keeps what it says of other boxes and architectures', async () => {
    const { folder, user, lock, paths } = await setUp()
    const { store, find } = user('ann')
    for (const name of ['team/web', 'team/db'])
      await store.add(await writeBox(join(folder, name.slice(5)), boxContent({ name, version: '1' })))
    await Promise.all([find('team/web'), find('team/db')])
    const both = await lock()
    expect(both.indexOf('team/db:')).toBeLessThan(both.indexOf('team/web:'))
    await find('team/web')
    expect(await lock()).toBe(both)
    await rm(paths.lockfile)
    await find('team/db')
    expect(await lock()).not.toContain('team/web')
  })
})
