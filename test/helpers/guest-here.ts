import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { connect, type SshSession } from '../../src/ssh/index.ts'
import type { TestServer } from './ssh-server.ts'

/**
 * For the tests of one `describe`: an SSH server on this host, which plays the guest, and for each test a connection to it
 * and an empty folder with a space in its path.
 */
export function guestHere(
  name: string,
  start: () => Promise<TestServer>,
): { session: SshSession; base: string } {
  let server: TestServer | undefined
  let session: SshSession | undefined
  let base = ''
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server?.stop())
  beforeEach(async () => {
    base = mkdtempSync(join(tmpdir(), `posada ${name} `))
    if (server !== undefined) session = await connect(server.target)
  })
  afterEach(async () => {
    await session?.close()
    rmSync(base, { recursive: true, force: true })
  })
  return {
    get session() {
      if (session === undefined) throw new Error('the guest is there only while a test runs')
      return session
    },
    get base() {
      return base
    },
  }
}
