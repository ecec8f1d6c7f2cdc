import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

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
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await build({
    absWorkingDir: root,
    entryPoints: {
      'kvm-vcpu': 'providers/kvm/vcpu/worker.ts',
      'kvm-vmm': 'providers/kvm/process/main.ts',
      'kvm-probe': 'providers/kvm/probe/main.ts',
    },
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi'],
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url)",
    },
  })
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
