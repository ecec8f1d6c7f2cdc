import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { abandonedRuns, makeRunFolder, removeRunFolder } from '../../../src/project/run-folder.ts'

let runs: string
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), 'posada-runs-'))
})
afterEach(() => rmSync(runs, { recursive: true, force: true }))

it('is abandoned once its process has let go of it, and only one can take it then', async () => {
  const run = await makeRunFolder(runs)
  expect(await abandonedRuns(runs)).toEqual([])
  await run.release()
  const [found, ...others] = await abandonedRuns(runs)
  expect([found?.id, others]).toEqual([run.id, []])
  expect(await abandonedRuns(runs)).toEqual([])
  if (found !== undefined) await removeRunFolder(found)
  expect(existsSync(run.path)).toBe(false)
})

it('leaves alone what is not a run', async () => {
  mkdirSync(join(runs, 'notes'))
  writeFileSync(join(runs, '0a1b2c3d'), 'a file')
  expect(await abandonedRuns(runs)).toEqual([])
  expect(existsSync(join(runs, 'notes', 'held'))).toBe(false)
})
