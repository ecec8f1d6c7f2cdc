import { join } from 'node:path'
import { build } from 'esbuild'

/** What the hypervisor runs in processes and threads of their own. */
const PROCESSES = {
  'kvm-vmm': 'providers/kvm/process/main.ts',
  'kvm-machine': 'providers/kvm/process/run-machine.ts',
  'kvm-vcpu': 'providers/kvm/vcpu/worker.ts',
  'kvm-probe': 'providers/kvm/probe/main.ts',
}

/**
 * Bundles each into one file of CommonJS, `NAME.cjs` in `outdir`, and returns them unwritten. One file without
 * ECMAScript's modules takes Node a tenth of the time of 25 shared ones: docs/decisions/start-time.md.
 */
export async function bundleProcesses(root, outdir) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(
      Object.entries(PROCESSES).map(([name, file]) => [name, join(root, file)]),
    ),
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['koffi'],
    banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href" },
    define: { 'import.meta.url': '__moduleUrl' },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  })
  return outputFiles
}
