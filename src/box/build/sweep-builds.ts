import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { sweepWorkFolders } from '../../lib/process/work-folder.ts'
import { machineFolder } from '../install/install-box.ts'
import type { Installer } from '../install/model.ts'
import { storePaths } from '../store-paths.ts'
import { removeBuildFolder } from './remove-build-folder.ts'

/** What the folders of builds begin with: in the store's `tmp`, and in the host's for mmdebstrap. */
export const buildPrefixes = { work: 'build-', tmp: 'posada-box-' } as const

/** Takes away what builds for the store in this folder left that were killed: machines and mounts too. */
export async function sweepBuilds(store: string, installer?: Pick<Installer, 'clear'>): Promise<void> {
  await sweepWorkFolders(storePaths(store).tmp, buildPrefixes.work, async (folder) => {
    await installer?.clear(machineFolder(folder))
    await rm(folder, { recursive: true, force: true })
  })
  await sweepWorkFolders(tmpdir(), buildPrefixes.tmp, removeBuildFolder)
}
