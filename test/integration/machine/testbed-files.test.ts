import {
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
import { copyDown, copyUp } from '../../../src/machine/testbed/files.ts'
import { connect, type SshSession } from '../../../src/ssh/index.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { hasSudo, startSshd } from '../../helpers/sshd.ts'

// A real SSH server on this host stands for the guest: some 3 s.

describe.runIf(process.getuid?.() === 0 || hasSudo())('files of a testbed', () => {
  let server: TestServer
  let session: SshSession
  let base: string
  const { signal } = new AbortController()
  beforeAll(async () => {
    server = await startSshd()
  })
  afterAll(() => server?.stop())
  beforeEach(async () => {
    base = mkdtempSync(join(tmpdir(), 'posada testbed '))
    session = await connect(server.target)
  })
  afterEach(async () => {
    await session?.close()
    rmSync(base, { recursive: true, force: true })
  })

  it('come down and up whole, folders and files, also where tar has ended before the guest reads', async () => {
    const tree = join(base, 'tree')
    mkdirSync(join(tree, 'debian', 'tests'), { recursive: true })
    writeFileSync(join(tree, 'debian', 'tests', 'control'), 'Tests: a\n')
    await copyDown(session, { host: `${tree}/`, guest: `${base}/guest tree/`, signal })
    expect(readFileSync(join(base, 'guest tree', 'debian', 'tests', 'control'), 'utf8')).toBe('Tests: a\n')
    await copyDown(session, { host: join(tree, 'debian', 'tests', 'control'), guest: `${base}/one`, signal })
    expect(readFileSync(join(base, 'one'), 'utf8')).toBe('Tests: a\n')
    mkdirSync(join(base, 'up'))
    await copyUp(session, { guest: `${base}/guest tree/`, host: `${base}/up/`, signal })
    expect(readdirSync(join(base, 'up'), { recursive: true })).toContain('debian/tests/control')
    await copyUp(session, { guest: `${base}/one`, host: `${base}/other`, signal })
    expect(readFileSync(join(base, 'other'), 'utf8')).toBe('Tests: a\n')
  })

  it('lead nowhere outside, and a failure says what the guest says', async () => {
    mkdirSync(join(base, 'guest'))
    symlinkSync('/etc', join(base, 'guest', 'out'))
    await copyUp(session, { guest: `${base}/guest/`, host: `${base}/here/`, signal })
    expect(existsSync(join(base, 'here', 'out'))).toBe(false)
    await expect(copyUp(session, { guest: `${base}/none`, host: `${base}/x`, signal })).rejects.toMatchObject(
      {
        code: 'E_COPY',
        details: [expect.stringContaining('none')],
      },
    )
  })
})
