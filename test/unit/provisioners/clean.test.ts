import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeAtEnd } from '../../../src/provisioners/clean.ts'

describe('removeAtEnd', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'posada clean '))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test.each(['dash', 'bash'])('removes the path when no one hears %s any longer', async (shell) => {
    const path = join(folder, shell)
    const script = `${removeAtEnd(path)}\nmkdir '${path}'; echo ready >&2; read -r word; echo "too late" >&2; sleep 5`
    const child = spawn(shell, ['-c', script], { stdio: ['pipe', 'ignore', 'pipe'] })
    await once(child.stderr, 'data')
    expect(existsSync(path)).toBe(true)
    const exited = once(child, 'exit')
    child.stderr.destroy()
    child.stdin.end()
    expect(await exited).toEqual([141, null])
    expect(existsSync(path)).toBe(false)
  })
})
