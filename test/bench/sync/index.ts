import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, BenchResult } from '../bench.ts'
import { timed } from '../timed.ts'
import { buildOnMirror } from './build.ts'
import { firstSync } from './first-sync.ts'
import { GuestOfBench } from './guest.ts'
import { watched } from './watched.ts'

/**
 * Folders that are kept equal. PARTS=first,build,watched: some of it. FILES=n: how many are in the large tree; FIRST=n and
 * BUILD=n: in the two smaller ones.
 */
export const bench: Bench = {
  name: 'sync',

  async unavailable() {
    if (availableParallelism() < 2) return 'needs two processors'
    const { stdout } = await timed('sh', ['-c', 'command -v rsync || :'])
    return stdout === '' ? 'needs rsync' : null
  },

  async run({ samples, log }) {
    const { FILES = '100000', FIRST = '2000', BUILD = '5000', PARTS = 'first,build,watched' } = process.env
    const parts = PARTS.split(',')
    const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
    const guest = new GuestOfBench(folder)
    try {
      const results: BenchResult[] = []
      if (parts.includes('first'))
        results.push(...(await firstSync(guest, { files: Number(FIRST), samples, log })))
      if (parts.includes('build'))
        results.push(...(await buildOnMirror(guest, { files: Number(BUILD), samples, log })))
      if (parts.includes('watched'))
        results.push(...(await watched(guest, { files: Number(FILES), samples: 20 * samples, log })))
      return results
    } finally {
      await guest.destroy()
      await rm(folder, { recursive: true, force: true })
    }
  },
}
