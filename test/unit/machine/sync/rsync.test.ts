import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rsync, rsyncIsHere } from '../../../../src/machine/sync/rsync.ts'
import { workspacePaths } from '../../../../src/machine/sync/workspace.ts'
import { localGuest } from '../../../helpers/local-guest.ts'

let work: string
let root: string
let to: string
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'posada-rsync-'))
  root = join(work, 'the host')
  to = join(work, "the guest's $HOME")
  for (const folder of [root, to]) mkdirSync(folder)
})
afterEach(() => rmSync(work, { recursive: true, force: true }))

const { signal } = new AbortController()
const copy = async (before = '') => {
  const paths = await workspacePaths(root, { git: false })
  let told = 0
  const guest = localGuest('dash', before)
  const onProgress = (bytes: number) => {
    told = bytes
  }
  const result = await rsync(guest, { root, paths, to, signal, onProgress })
  expect(guest.running.size).toBe(0)
  return { ...result, told }
}

test.skipIf(!rsyncIsHere())(
  'rsync copies what there is, and then what has changed',
  { timeout: 60_000 },
  async () => {
    mkdirSync(join(root, 'a folder/empty'), { recursive: true })
    writeFileSync(join(root, 'a folder/run\n'), '#!/bin/sh', { mode: 0o755 })
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff)]), 'x')
    writeFileSync(join(root, 'large'), 'y'.repeat(300_000))
    symlinkSync('/etc/passwd', join(root, 'link'))
    writeFileSync(join(root, '.gitignore'), 'left\n')
    writeFileSync(join(root, 'left'), '')
    expect(await copy()).toMatchObject({ files: 4, bytes: 300_000 + 9 + 1 + 5 })
    const differences = () => {
      const script = 'diff -r --no-dereference --exclude=left "$1" "$2" || :'
      return execFileSync('sh', ['-c', script, 'sh', root, to], { encoding: 'utf8' })
    }
    expect(differences()).toBe('')
    const again = await copy()
    expect(again).toMatchObject({ files: 0, bytes: 0 })
    writeFileSync(join(root, 'large'), `${'y'.repeat(300_000)}z`)
    const changed = await copy()
    expect(changed.files).toBe(1)
    expect(changed.told - again.told).toBeLessThan(100_000)
    expect(differences()).toBe('')
    expect(readFileSync(join(to, 'a folder/run\n'), 'utf8')).toBe('#!/bin/sh')
  },
)

test.skipIf(!rsyncIsHere())(
  'what cannot be copied is told, and a guest whose rsync fails',
  { timeout: 60_000 },
  async () => {
    writeFileSync(join(root, 'f'), 'x')
    await expect(copy('rsync() { echo no >&2; return 1; }; exec() { "$@"; }')).rejects.toMatchObject({
      code: 'E_COPY',
    })
    rmSync(to, { recursive: true })
    writeFileSync(to, '')
    await expect(copy()).rejects.toMatchObject({
      code: 'E_COPY',
      details: expect.arrayContaining([expect.stringContaining('rsync')]),
    })
  },
)
