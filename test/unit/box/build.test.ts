import { cp, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { offersSuite } from '../../../src/box/build/apt-sources.ts'
import { inputsDigest } from '../../../src/box/build/inputs.ts'
import { stageLayers } from '../../../src/box/build/layers.ts'
import { mmdebstrapArguments } from '../../../src/box/build/mmdebstrap.ts'
import { makeStage } from '../../../src/box/build/stage.ts'
import { readRecipe, recipeFor } from '../../../src/box/recipe/recipe.ts'
import { boxesFolder, findRecipe, listRecipes } from '../../../src/box/recipe/recipes.ts'
import { makeWorkFolder, sweepWorkFolders } from '../../../src/lib/process/work-folder.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'

const lib = join(boxesFolder(), 'lib')

describe('recipes', () => {
  it('that come with Posada are found and sound', async () => {
    const recipes = await listRecipes()
    expect(recipes.map(({ name }) => name)).toEqual(['debian/12', 'debian/13', 'posada/tiny'])
    for (const { name, dir } of recipes) {
      const recipe = await readRecipe(dir)
      expect(recipe).toMatchObject({ name })
      // Without it a guest on a loaded host may hang at boot: "8254 timer not connected".
      expect(recipe.kernel?.cmdline).toContain('no_timer_check')
    }
  })

  it('are found by path, and a wrong name gets the nearest', async () => {
    expect(await findRecipe(join(boxesFolder(), 'posada', 'tiny'))).toBe(
      join(boxesFolder(), 'posada', 'tiny'),
    )
    await expect(findRecipe('posada/tyni')).rejects.toMatchObject({
      code: 'E_BOX_UNKNOWN',
      hint: 'did you mean posada/tiny?',
    })
    await expect(findRecipe('./nowhere')).rejects.toMatchObject({ code: 'E_BOX_UNKNOWN' })
  })

  it.each([
    ['a size without a unit', 'disk: 20', /disk/],
    ['a package that is an option', 'packages: [--help]', /packages/],
    ['a package with a comma', 'packages: ["a,b"]', /packages/],
    ['a user with a quote', `login: {user: "a'b"}`, /login/],
    ['an unknown key', 'colour: red', /colour/],
    ['an architecture that is not known', 'forArch: {sparc: {packages: [sudo]}}', /forArch.sparc/],
    ['broken YAML', 'name: [', /./],
    ['nothing but lists in lists', `name: ${'['.repeat(100_000)}`, /nested too deeply/],
  ])('are refused with %s', async (_, line, problem) => {
    const folder = await temporaryFolder(onTestFinished)
    const sound = {
      name: 'name: a/b',
      description: 'description: x',
      arch: 'arch: [x86_64]',
      suite: 'suite: bookworm',
      variant: 'variant: minbase',
      packages: 'packages: [sudo]',
      disk: 'disk: 1GiB',
      login: 'login: {user: posada}',
      minMemory: 'minMemory: 1MiB',
    }
    const text = Object.values({ ...sound, [line.split(':')[0] ?? '']: line }).join('\n')
    await writeFile(join(folder, 'recipe.yaml'), text)
    await expect(readRecipe(folder)).rejects.toMatchObject({
      code: 'E_BOX_BUILD',
      message: expect.stringMatching(problem),
    })
  })
})

describe('a recipe made from another', () => {
  async function write(name: string, text: string, folder?: string) {
    const dir = join(folder ?? (await temporaryFolder(onTestFinished)), name)
    await mkdir(dir)
    await writeFile(join(dir, 'recipe.yaml'), text)
    return dir
  }

  it('has what that has, its own packages and commands after it, and its own size', async () => {
    const dir = await write(
      'shop',
      'name: shop/base\nfrom: debian/12\npackages: [curl, nginx-light]\ndisk: 30GiB\nrun: [systemctl enable nginx]\n',
    )
    const base = await readRecipe(join(boxesFolder(), 'debian', '12'))
    const recipe = await readRecipe(dir)
    expect(recipe).toMatchObject({
      name: 'shop/base',
      description: 'made from debian/12',
      disk: 30 * 2 ** 30,
      suite: base.suite,
      kernel: base.kernel,
      login: base.login,
      minMemory: base.minMemory,
      layers: [...base.layers, { dir, run: ['systemctl enable nginx'] }],
    })
    expect(recipe.packages).toEqual([...base.packages, 'nginx-light'])
  })

  it('adds to what only one architecture has', async () => {
    const dir = await write(
      'shop',
      'name: shop/base\nfrom: posada/tiny\npackages: [vim]\nforArch: {aarch64: {packages: [edid-decode]}}\n',
    )
    const recipe = await readRecipe(dir)
    const [one, other] = [recipeFor(recipe, 'x86_64'), recipeFor(recipe, 'aarch64')]
    expect(one.packages.slice(-2)).toEqual(['vim', 'linux-image-cloud-amd64'])
    expect(other.packages.slice(-3)).toEqual(['vim', 'linux-image-arm64', 'edid-decode'])
    expect(one.kernel).toEqual(recipe.kernel)
    expect(other.kernel?.modules).toEqual([...(one.kernel?.modules ?? []), ...ofArm])
  })

  const ofArm = ['crc32c_generic', 'crc16', 'mbcache', 'jbd2', 'ext4', 'gpio_keys']

  it('says what that leaves to it, and has to', async () => {
    const folder = await temporaryFolder(onTestFinished)
    const family = 'arch: [x86_64]\nvariant: minbase\npackages: [sudo]\ndisk: 1GiB\nlogin: {user: me}\n'
    await write('family', family, folder)
    const release = 'name: a/12\nfrom: ../family\ndescription: x\nminMemory: 1MiB\n'
    const sound = await write('sound', `${release}suite: bookworm\nagent: true\n`, folder)
    expect(await readRecipe(sound)).toMatchObject({
      name: 'a/12',
      suite: 'bookworm',
      agent: true,
      kernel: null,
    })
    const incomplete = readRecipe(await write('incomplete', release, folder))
    await expect(incomplete).rejects.toMatchObject({ message: expect.stringContaining('suite: is missing') })
  })

  it('is found by a path from its own folder, and may be one of several', async () => {
    const folder = await temporaryFolder(onTestFinished)
    await write('one', 'name: a/one\nfrom: posada/tiny\n', folder)
    const two = await write('two', 'name: a/two\nfrom: ../one\n', folder)
    const dirs = (await readRecipe(two)).layers.map(({ dir }) => dir)
    expect(dirs).toEqual([join(boxesFolder(), 'posada', 'tiny'), join(folder, 'one'), two])
  })

  it.each([
    ['a package that is none', 'name: a/b\nfrom: debian/12\npackages:\n  - ok\n  - "--help"\n', 5, 5],
    ['an unknown key', 'name: a/b\nfrom: debian/12\ncolour: red\n', 3, 1],
    ['what is said below', 'name: a/b\nfrom: debian/12\nsuite: sid\n', 3, 1],
    ['no name', 'packages: [tree]\nfrom: debian/12\n', 1, 1],
    ['broken YAML', 'name: a/b\nfrom: [\n', 3, 1],
    ['a loop', 'name: a/b\nfrom: .\n', 2, 1],
  ])('is refused with %s, with the place', async (_, text, line, column) => {
    const dir = await write('wrong', text)
    await expect(readRecipe(dir)).rejects.toMatchObject({
      code: 'E_BOX_BUILD',
      place: { file: join(dir, 'recipe.yaml'), line, column },
    })
  })

  it('is built again when that changes', async () => {
    const folder = await temporaryFolder(onTestFinished)
    const tiny = join(folder, 'tiny')
    await cp(join(boxesFolder(), 'posada', 'tiny'), tiny, { recursive: true })
    const own = await write('own', 'name: a/b\nfrom: ../tiny\n', folder)
    const digest = async () =>
      inputsDigest({ recipes: (await readRecipe(own)).layers.map(({ dir }) => dir), lib, arch: 'x86_64' })
    const before = await digest()
    expect(await digest()).toBe(before)
    await writeFile(join(tiny, 'files', 'new'), '')
    expect(await digest()).not.toBe(before)
  })

  it('is laid out for the build with links as they are', async () => {
    const dir = await write('own', 'name: a/b\nfrom: posada/tiny\nrun: [date]\n')
    await mkdir(join(dir, 'files'))
    await symlink('elsewhere', join(dir, 'files', 'link'))
    const target = join(await temporaryFolder(onTestFinished), 'target')
    await stageLayers(target, (await readRecipe(dir)).layers)
    expect(await readlink(join(target, 'layers', '1', 'files', 'link'))).toBe('elsewhere')
    expect(await readFile(join(target, 'layers', '1', 'posada-run', '000'), 'utf8')).toBe('date')
    expect((await readdir(target)).sort()).toEqual(['files', 'layers', 'prepare.sh'])
  })
})

describe('the inputs of a build', () => {
  it('have the same digest again, and another after any change', async () => {
    const folder = await temporaryFolder(onTestFinished)
    const recipe = join(folder, 'recipe')
    await cp(join(boxesFolder(), 'posada', 'tiny'), recipe, { recursive: true })
    const digest = (arch = 'x86_64') => inputsDigest({ recipes: [recipe], lib, arch })
    const seen = [await digest()]
    expect(await digest()).toBe(seen[0])
    seen.push(await digest('aarch64'))
    await writeFile(join(recipe, 'files', 'new'), '')
    seen.push(await digest())
    await writeFile(join(recipe, 'files', 'new'), 'x', { mode: 0o755 })
    seen.push(await digest())
    await mkdir(join(recipe, 'files', 'folder'))
    seen.push(await digest())
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('are files, folders and links: a pipe is refused and not read', async () => {
    const recipe = await temporaryFolder(onTestFinished)
    await execa('mkfifo', [join(recipe, 'pipe')])
    await expect(inputsDigest({ recipes: [recipe], lib, arch: 'x86_64' })).rejects.toMatchObject({
      code: 'E_BOX_BUILD',
      value: join(recipe, 'pipe'),
    })
  })
})

describe('the command line of mmdebstrap', () => {
  it('quotes paths, and hooks in where the variant allows', async () => {
    const recipe = await readRecipe(join(boxesFolder(), 'posada', 'tiny'))
    const options = {
      recipe,
      stage: "/it's here/posada-build",
      target: '/a b',
      arch: 'aarch64' as const,
      sources: ['/etc/apt/sources.list'],
    }
    const unpacked = mmdebstrapArguments(options)
    expect(unpacked).toContain(`--extract-hook=copy-in '/it'\\''s here/posada-build' /`)
    expect(unpacked).toContain(`--extract-hook=copy-out /posada-out '/a b'`)
    expect(unpacked).toContain('--architectures=arm64')
    expect(unpacked.slice(-3)).toEqual(['bookworm', '/dev/null', '/etc/apt/sources.list'])
    const configured = mmdebstrapArguments({ ...options, recipe: { ...recipe, variant: 'minbase' } })
    expect(configured.filter((one) => one.startsWith('--extract-hook'))).toEqual([])
  })
})

describe('the login key', () => {
  it('is one that OpenSSH reads, and its public half is the one in the box', async () => {
    const recipe = await readRecipe(join(boxesFolder(), 'posada', 'tiny'))
    for (let round = 0; round < 5; round++) {
      const work = await temporaryFolder(onTestFinished)
      const { stage, loginKey } = await makeStage(work, {
        recipe,
        arch: 'x86_64',
        lib,
        inputs: 'a'.repeat(64),
        epoch: 0,
      })
      const file = join(work, 'key')
      await writeFile(file, loginKey, { mode: 0o600 })
      const { stdout } = await execa('ssh-keygen', ['-y', '-f', file])
      const inBox = await execa('cat', [join(stage, 'login.pub')])
      expect(stdout.split(' ').slice(0, 2)).toEqual(inBox.stdout.split(' ').slice(0, 2))
    }
  })
})

describe('work folders', () => {
  it('can be written by all where asked, whatever the umask', async () => {
    const parent = await temporaryFolder(onTestFinished)
    const folder = await makeWorkFolder(parent, 'x-', 0o1777)
    const { stdout } = await execa('stat', ['-c', '%a', folder])
    expect(stdout).toBe('1777')
    await sweepWorkFolders(parent, 'x-')
    expect(await readdir(parent)).toHaveLength(1)
  })
})

describe('sources of apt', () => {
  it.each([
    ['deb http://mirror/debian bookworm main', true],
    ['deb [arch=amd64] http://mirror/debian bookworm main', true],
    ['Types: deb\nURIs: http://mirror\nSuites: bookworm bookworm-updates', true],
    ['# deb http://mirror/debian bookworm main', false],
    ['deb http://mirror/debian bookworm-updates main', false],
    ['Suites: noble', false],
  ])('%j', (text, expected) => expect(offersSuite(text, 'bookworm')).toBe(expected))
})
