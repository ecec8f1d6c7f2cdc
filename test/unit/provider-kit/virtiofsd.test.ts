import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { findVirtiofsd, mountFlaw } from '../../../src/provider-kit/index.ts'

const bin = mkdtempSync(join(tmpdir(), 'posada-virtiofsd-'))
const program = (name: string, script: string) => {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
}
vi.stubEnv('PATH', bin)
afterEach(() => {
  rmSync(bin, { recursive: true, force: true })
  vi.unstubAllEnvs()
})

it('is tried: one that is too old, does not run, or cannot be confined is said to be so', async () => {
  program('virtiofsd', 'echo "--translate-uid"')
  program('unshare', 'echo "unshare: no" >&2; exit 1')
  expect(findVirtiofsd()).toBe(join(bin, 'virtiofsd'))
  expect((await mountFlaw())?.why).toMatch(/may not create namespaces: unshare: no$/)
  program('unshare', 'exit 0')
  expect(await mountFlaw()).toBeNull()
  program('virtiofsd', 'echo "--shared-dir"')
  expect((await mountFlaw())?.why).toMatch(/too old/)
  program('virtiofsd', 'echo "not this one" >&2; exit 1')
  expect((await mountFlaw())?.why).toMatch(/does not run: not this one$/)
})
