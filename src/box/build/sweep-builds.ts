import { tmpdir } from 'node:os'
import { sweepWorkFolders } from '../../lib/process/work-folder.ts'
import { storePaths } from '../store-paths.ts'
import { removeBuildFolder } from './remove-build-folder.ts'

/** What the folders of builds begin with: in the store's `tmp`, and in the host's for mmdebstrap. */
export const buildPrefixes = { work: 'build-', tmp: 'posada-box-' } as const

/** Takes away what builds for the store in this folder left that were killed, mounts too. */
export async function sweepBuilds(store: string): Promise<void> {
  await sweepWorkFolders(storePaths(store).tmp, buildPrefixes.work)
  await sweepWorkFolders(tmpdir(), buildPrefixes.tmp, removeBuildFolder)
}
