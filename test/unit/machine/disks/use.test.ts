import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { diskProblem } from '../../../../src/machine/disks/disk-problem.ts'
import { diskScript } from '../../../../src/machine/disks/guest-script.ts'
import { saidIn } from '../../../../src/machine/disks/use-disks.ts'

const place = { file: '/shop/posada.yaml', line: 5, column: 3 }
const use = { name: 'data', filesystem: 'xfs', mount: '/srv/data', format: true, place } as const

it('the script is one that every sh reads, and says what it cannot do', () => {
  expect(spawnSync('sh', ['-n', '-c', diskScript]).status).toBe(0)
  const { stdout, status } = spawnSync('sh', ['-c', `id() { echo 1000; }\n${diskScript}`, 'x'], {
    encoding: 'utf8',
  })
  expect([status, saidIn(stdout)]).toEqual([0, [{ name: '-', word: 'root', rest: '1000' }]])
})

it('a guest may say anything', () => {
  const said =
    'hello\nposada-disk data mounted /dev/vdb\nposada-disk  \nposada-disk data\nposada-disk x hides /a b\n'
  expect(saidIn(said)).toEqual([
    { name: 'data', word: 'mounted', rest: '/dev/vdb' },
    { name: 'x', word: 'hides', rest: '/a b' },
  ])
})

it.each([
  ['tool', 'mkfs.xfs', 'needs mkfs.xfs', 'apt-get install -y xfsprogs'],
  ['tool', 'btrfs', 'needs btrfs', 'btrfs-progs'],
  ['holds', 'ext4', 'is ext4 already, and the manifest says xfs', 'write filesystem: ext4'],
  ['holds', 'other', 'is never formatted over', 'another name'],
  ['blank', '-', 'is blank, and the manifest says format: false', 'remove format: false'],
  ['through', '/mnt', 'which is a link to /mnt', 'write mount: /mnt'],
  ['busy', '/old', 'in use there', 'posada reload web'],
  ['absent', '-', 'is not seen by the guest', 'posada reload web'],
  ['mount', 'bad superblock', 'cannot be mounted at /srv/data as xfs: bad superblock', 'left as it is'],
])('%s %s', (word, rest, why, hint) => {
  const [told, advice] = diskProblem(use, { word, rest }, 'web')
  expect(told).toContain(why)
  expect(advice).toContain(hint)
})
