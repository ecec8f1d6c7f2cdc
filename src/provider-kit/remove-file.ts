import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { namesIn } from '../lib/files/folders.ts'

/** Removes a file where it is there, and the `<path>.<…>.tmp` of a write of it that was cut short. */
export async function removeWithLeftovers(path: string): Promise<void> {
  await rm(path, { force: true })
  const folder = dirname(path)
  for (const name of await namesIn(folder)) {
    if (name.startsWith(`${basename(path)}.`) && name.endsWith('.tmp'))
      await rm(join(folder, name), { force: true })
  }
}
