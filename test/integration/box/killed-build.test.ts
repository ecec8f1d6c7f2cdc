import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { expect, it, onTestFinished } from 'vitest'
import { removeBuildFolder } from '../../../src/box/build/remove-build-folder.ts'
import { sweepWorkFolders } from '../../../src/lib/process/work-folder.ts'
import { ended, makePlace } from '../../helpers/posada.ts'

const isRoot = process.getuid?.() === 0
const mountsBelow = (folder: string) =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${folder}/`))
const sleepers = () =>
  readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && commandLine(pid) === ['sleep', '987654', ''].join('\0'),
  )

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it has just ended
  }
}

// Most of a build of posada/tiny (10 to 60 s).
it.runIf(isRoot)(
  'a build of root that was killed leaves no process and no mount, and the next to tidy up takes its files',
  { timeout: 300_000 },
  async () => {
    const place = makePlace('killed')
    onTestFinished(place.remove)
    const tmp = join(dirname(place.dir), 'tmp')
    mkdirSync(tmp)
    place.env.TMPDIR = tmp
    writeFileSync(join(place.dir, 'recipe.yaml'), 'name: a/b\nfrom: posada/tiny\nrun: [sleep 987654]\n')
    const child = place.start('box', 'build', '.')
    const end = ended(child)
    await expect.poll(sleepers, { timeout: 120_000, interval: 100 }).toHaveLength(1)
    expect(readlinkSync(`/proc/${sleepers()[0]}/root`)).toContain(`${tmp}/`)
    child.kill('SIGKILL')
    await end
    await expect.poll(sleepers, { timeout: 10_000, interval: 50 }).toEqual([])
    expect(mountsBelow(tmp)).toEqual([])
    expect(readdirSync(tmp)).not.toEqual([])

    // As each build does at its beginning.
    expect(await place.run('box', 'prune', '--yes')).toMatchObject({ code: 0 })
    expect(readdirSync(tmp)).toEqual([])
  },
)

it.runIf(isRoot)('what a dead build has mounted is unmounted and not emptied', async () => {
  const parent = await mkdtemp(join(tmpdir(), "a posada's sweep "))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const precious = join(parent, 'precious')
  mkdirSync(precious)
  writeFileSync(join(precious, 'file'), 'mine')
  const { stdout: pid } = await execa('sh', ['-c', 'echo $$'])
  const root = join(parent, `build-${pid}--01234567`, 'the root')
  mkdirSync(join(root, 'inner', 'bound'), { recursive: true })
  await execa('mount', ['-t', 'tmpfs', 'none', join(root, 'inner')])
  mkdirSync(join(root, 'inner', 'bound'))
  await execa('mount', ['--bind', precious, join(root, 'inner', 'bound')])
  await sweepWorkFolders(parent, 'build-', removeBuildFolder)
  expect(readdirSync(parent)).toEqual(['precious'])
  expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('mine')
  expect(mountsBelow(parent.replaceAll(' ', '\\040'))).toEqual([])
})
