import type { CopiedMachine, Manifest } from '../../manifest/index.ts'
import { type ProjectPaths, readState, unlessDamaged } from '../../project/index.ts'
import { orphansOf } from '../select.ts'

/** Machines of the project that were made as copies of others and that its manifest does not have. */
export async function knownCopies(manifest: Manifest, paths: ProjectPaths): Promise<CopiedMachine[]> {
  const copies: CopiedMachine[] = []
  for (const name of await orphansOf(manifest, paths)) {
    const state = await unlessDamaged(readState(paths.machine(name)))
    if (state?.copy !== undefined && state.copy.warm !== true) copies.push({ name, of: state.copy.of })
  }
  return copies
}
