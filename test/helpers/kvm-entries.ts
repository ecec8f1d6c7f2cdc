import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProcesses } from '../../tools/bundle-processes.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Whether this host has a /dev/kvm at all; suites that need one skip, visibly, where it has not. */
export const hasKvm = existsSync('/dev/kvm')

/**
 * Builds the hypervisor's files that run in threads and processes of their own, for Node 20 runs no
 * TypeScript. The folder lies below node_modules so that koffi is found from it.
 */
export async function buildKvmEntries(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const cache = join(root, 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'posada-kvm-'))
  for (const { path, contents } of await bundleProcesses(root, folder)) await writeFile(path, contents)
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
