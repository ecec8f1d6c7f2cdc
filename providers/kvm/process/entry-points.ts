import { join } from 'node:path'
import { packageRoot } from '../../../src/lib/files/package-root.ts'

/**
 * The files that run in processes and threads of their own, each in one piece (tools/bundle-processes.js). They are
 * found by name in dist/, also when this code itself runs from source: Node 20 runs no TypeScript.
 */
export type EntryPoint = 'kvm-launch' | 'kvm-vmm' | 'kvm-machine' | 'kvm-vcpu' | 'kvm-probe'

/** @param folder of the built files, where it is not dist/ */
export function entryPoint(name: EntryPoint, folder?: string): string {
  return join(folder ?? join(packageRoot(), 'dist'), `${name}.cjs`)
}
