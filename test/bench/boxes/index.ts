import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBoxStore } from '../../../src/box/index.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import type { Bench } from '../bench.ts'
import { addArchive } from './add-archive.ts'
import { createMachine } from './create-machine.ts'

/** What boxes cost: getting one out of an archive into the store, and making a machine of one that is there. */
export const bench: Bench = {
  name: 'boxes',

  async unavailable() {
    const boxes = await openBoxStore(userPaths().boxes).list()
    return boxes.some(({ name }) => name === 'debian/12') ? null : 'needs the box debian/12'
  },

  async run(options) {
    const dir = await mkdtemp(join(tmpdir(), 'posada-bench-boxes-'))
    const box = await openBoxStore(userPaths().boxes).resolve('debian/12', 'x86_64')
    try {
      return [
        ...(await addArchive(box, { dir, kind: 'tar', ...options })),
        ...(await addArchive(box, { dir, kind: 'tar.zst', ...options })),
        ...(await createMachine(box, { dir, ...options })),
      ]
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  },
}
