import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { holdersOf } from '../../helpers/holders.ts'

const root = join(import.meta.dirname, '..', '..', '..')

it('leaves a process none of the descriptors that the command was started with', () => {
  const dir = mkdtempSync(join(tmpdir(), 'posada-spawn-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const lock = join(dir, 'lock')
  const fixture = join(root, 'test/fixtures/background/leave-sleeper.ts')
  // 16 and 17 are where Node's own care ends; 200 is what people write; 900 is behind a gap.
  const script = 'exec 9>"$0" 16>"$0" 17>"$0" 200>"$0" 900>"$0"; "$@"'
  const pid = Number(
    execFileSync('bash', ['-c', script, lock, process.execPath, join(root, 'tools/run.js'), fixture]),
  )
  onTestFinished(() => void process.kill(pid, 'SIGKILL'))
  expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('sleep\n')
  expect(holdersOf(lock)).toEqual([])
})
