import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkPatterns, fetchArtefacts } from '../../../src/machine/run/artefacts.ts'
import { connect, type SshSession } from '../../../src/ssh/index.ts'
import { canStartDropbear, startDropbear } from '../../helpers/dropbear.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// Real SSH servers on this host stand for the guest: some 5 s.

const servers = [
  { name: 'OpenSSH', start: startSshd, can: true },
  { name: 'Dropbear', start: startDropbear, can: canStartDropbear },
]

describe.each(servers)('artefacts from a guest with $name', ({ start, can }) => {
  let server: TestServer
  let session: SshSession
  let base: string
  let from: string
  let to: string
  beforeAll(async () => {
    if (can) server = await start()
  })
  afterAll(() => server?.stop())
  beforeEach(async () => {
    base = mkdtempSync(join(tmpdir(), 'posada artefacts '))
    from = join(base, 'guest', 'work space')
    to = join(base, 'results')
    mkdirSync(join(from, 'out'), { recursive: true })
    if (can) session = await connect(server.target)
  })
  afterEach(async () => {
    await session?.close()
    rmSync(base, { recursive: true, force: true })
  })
  const fetch = (...patterns: string[]) =>
    fetchArtefacts(session, { patterns, from, to, signal: new AbortController().signal })

  it.runIf(can)('brings many, each to its place, and tells which patterns matched nothing', async () => {
    for (let count = 0; count < 40; count++) writeFileSync(join(from, 'out', `a ${count}.xml`), `${count}`)
    writeFileSync(join(from, 'out', '-rf'), 'x')
    const { paths, missing } = await fetch('out/*.xml', 'none/*', 'out/-rf', 'out/a 7.xml', 'no[ne')
    expect(paths).toHaveLength(41)
    expect(missing).toEqual(['none/*', 'no[ne'])
    expect(readdirSync(join(to, 'out'))).toHaveLength(41)
    expect(readFileSync(join(to, 'out', 'a 39.xml'), 'utf8')).toBe('39')
  })

  it.runIf(can)(
    'takes nothing that lies outside, however the guest names it, and nothing that runs code',
    async () => {
      writeFileSync(join(base, 'guest', 'secret'), 'outside')
      symlinkSync('../../secret', join(from, 'out', 'up'))
      symlinkSync(base, join(from, 'folder'))
      writeFileSync(join(from, 'out', '$(touch hacked)'), 'x')
      writeFileSync(join(from, 'out', 'tool'), 'x')
      chmodSync(join(from, 'out', 'tool'), 0o4755)
      const { missing } = await fetch('out', '$(touch hacked)', '`touch hacked`', '; touch hacked')
      expect(missing).toEqual(['$(touch hacked)', '`touch hacked`', '; touch hacked'])
      expect(readdirSync(from)).not.toContain('hacked')
      expect(existsSync(join(to, 'out', 'up'))).toBe(false)
      expect(readdirSync(join(to, 'out')).sort()).toEqual(['$(touch hacked)', 'tool'])
    },
  )
})

it.each(['/etc/passwd', '../x', 'a/../../x', '..', ''])('%j leads out of the workspace', (pattern) => {
  expect(() => checkPatterns([pattern])).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
})
