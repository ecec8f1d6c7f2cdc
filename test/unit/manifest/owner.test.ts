import { chmod, chown, lchown, mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadManifest } from '../../../src/manifest/load.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'

const other = 12345
const text = 'version: 1\nextends: ./base.yaml\nenv: {A: "${A:-none}"}\n'

/** A shared folder such as /tmp, with a manifest and all that it reads in it, and a folder of this user's below. */
async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  await chmod(folder, 0o1777)
  const below = join(folder, 'mine')
  await mkdir(below)
  const file = (name: string) => join(folder, name)
  await writeFile(file('posada.yaml'), text)
  await writeFile(file('base.yaml'), 'box: debian/12\n')
  await writeFile(file('posada.override.yaml'), 'cpus: 2\n')
  await writeFile(file('.env'), 'A=1\n')
  const load = (options: { file?: string; anyOwner?: boolean } = {}) =>
    loadManifest({ cwd: below, env: {}, ...options })
  return { folder, file, load }
}

// Only root can give files away.
describe.runIf(process.getuid?.() === 0)('a manifest that is found in a folder above', () => {
  it.each(['posada.yaml', 'base.yaml', 'posada.override.yaml', '.env', '.'])(
    'is refused where %s belongs to another user, unless it is named',
    async (name) => {
      const { file, load } = await setUp()
      expect((await load()).machines).toHaveLength(1)
      await chown(file(name), other, other)
      await expect(load()).rejects.toMatchObject({
        code: 'E_OWNER',
        value: file(name),
        hint: expect.stringContaining(`--file '${file('posada.yaml')}'`),
      })
      expect((await load({ file: file('posada.yaml') })).machines).toHaveLength(1)
      expect((await load({ anyOwner: true })).machines).toHaveLength(1)
    },
  )

  it.each(['link', 'target'])('is refused where the %s belongs to another user', async (what) => {
    const { file, load } = await setUp()
    await rename(file('posada.yaml'), file('real'))
    await symlink(file('real'), file('posada.yaml'))
    expect((await load()).machines).toHaveLength(1)
    if (what === 'link') await lchown(file('posada.yaml'), other, other)
    else await chown(file('real'), other, other)
    await expect(load()).rejects.toMatchObject({ code: 'E_OWNER', value: file('posada.yaml') })
  })
})
