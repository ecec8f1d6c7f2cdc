import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { workspacePaths } from '../../../../src/machine/sync/workspace.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'posada-workspace-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}
const paths = async (git = false) => (await workspacePaths(root, { git })).map(String)

const tree = {
  '.gitignore': '/dist/\n*.log\n!keep.log\n',
  '.posadaignore': 'secret.txt\n',
  'a.ts': '',
  'x.log': '',
  'keep.log': '',
  'secret.txt': '',
  'dist/a.js': '',
  'src/dist/b.js': '',
  'src/.gitignore': '!x.log\n/only-here\n',
  'src/x.log': '',
  'src/only-here/c': '',
  'src/deep/only-here/d': '',
  '.posada/machines/m/state.json': '',
}

it('takes what gitignore files do not name, each from its own folder', async () => {
  write(tree)
  expect(await paths()).toEqual([
    '.gitignore',
    '.posadaignore',
    'a.ts',
    'keep.log',
    'src',
    'src/.gitignore',
    'src/deep',
    'src/deep/only-here',
    'src/deep/only-here/d',
    'src/dist',
    'src/dist/b.js',
    'src/x.log',
  ])
})

it('takes the files that git would, of a tree that git does not know yet', async () => {
  write(tree)
  rmSync(join(root, '.posadaignore'))
  rmSync(join(root, '.posada'), { recursive: true })
  const git = (...given: string[]) => execFileSync('git', given, { cwd: root, encoding: 'utf8' })
  git('init', '-q')
  const files = git('ls-files', '--others', '--exclude-standard').trim().split('\n').sort()
  const folders = new Set(files.flatMap((file) => parents(file)))
  expect((await paths()).filter((path) => !folders.has(path)).sort()).toEqual(files)
  expect((await paths(true)).some((path) => path === '.git/HEAD')).toBe(true)
})

function parents(path: string): string[] {
  const above = dirname(path)
  return above === '.' ? [] : [above, ...parents(above)]
}

it('keeps links as they are, leaves sockets behind, and takes names that are not UTF-8', async () => {
  symlinkSync('/', join(root, 'out'))
  const socket = createServer().listen(join(root, 'socket'))
  onTestFinished(() => void socket.close())
  await new Promise((resolve) => socket.once('listening', resolve))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0x66, 0xff)]), '')
  expect((await workspacePaths(root, { git: false })).map((path) => path.toString('latin1'))).toEqual([
    'f\xff',
    'out',
  ])
})

it('leaves behind what is excluded, takes what that takes back, whatever files say, and what they name where they do not count', async () => {
  write(tree)
  const names = async (options: { exclude?: string[]; ignoreFiles?: boolean }) =>
    (await workspacePaths(root, { git: false, ...options })).map(String)
  const left = await names({ exclude: ['keep.log', 'src/'] })
  expect(left).toEqual(['.gitignore', '.posadaignore', 'a.ts'])
  expect(await names({ exclude: ['!x.log', 'src'] })).toContain('x.log')
  const all = await names({ ignoreFiles: false })
  expect(all).toContain('secret.txt')
  expect(all).toContain('dist/a.js')
  expect(all).not.toContain('.posada')
})

it('waits for no pipe that stands where an ignore file might', async () => {
  execFileSync('mkfifo', [join(root, '.gitignore')])
  write({ a: '' })
  expect(await paths()).toEqual(['a'])
})

it("leaves the user's boxes and caches of Posada behind, which CI services keep in the workspace", async () => {
  write({ '.cache/data/posada/boxes/b': '', '.cache/data/other/c': '', 'posada/boxes/d': '' })
  symlinkSync(root, `${root}-link`)
  onTestFinished(() => rmSync(`${root}-link`))
  const leaveOut = [`${root}-link/.cache/data/posada`, join(root, 'none')]
  const found = (await workspacePaths(root, { git: false, leaveOut })).map(String)
  const kept = ['.cache', '.cache/data', '.cache/data/other', '.cache/data/other/c']
  expect(found).toEqual([...kept, 'posada', 'posada/boxes', 'posada/boxes/d'])
})
