import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** In memory where there is such a place: thousands are made, and files in them flushed. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Does something in a folder of its own, which is gone afterwards. */
export async function inFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(place, 'posada-fuzz-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
