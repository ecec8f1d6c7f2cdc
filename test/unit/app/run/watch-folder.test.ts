import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { watchFolder } from '../../../../src/app/run/watch-folder.ts'

function watched() {
  const folder = mkdtempSync(join(tmpdir(), 'posada-watch-'))
  const watch = watchFolder(folder, (name) => name.startsWith('run'))
  onTestFinished(() => {
    watch.close()
    rmSync(folder, { recursive: true })
  })
  return { folder, watch }
}
const long = 60_000

it('hears of what comes and goes, also between two calls, and of nothing that does not count', async () => {
  const { folder, watch } = watched()
  const comes = watch.change(long)
  mkdirSync(join(folder, 'run-1'))
  await comes
  mkdirSync(join(folder, 'other'))
  const begun = performance.now()
  await watch.change(100)
  expect(performance.now() - begun).toBeGreaterThanOrEqual(99)
  rmSync(join(folder, 'run-1'), { recursive: true })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await watch.change(long)
})

it('ends with the interruption', async () => {
  const control = new AbortController()
  const change = watched().watch.change(long, control.signal)
  control.abort(new Error('stop'))
  await expect(change).rejects.toThrow('stop')
})
