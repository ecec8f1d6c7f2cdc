import { admitOptions, type FetchContext } from '../import/context.ts'
import type { StoredBox } from '../model.ts'
import type { BoxSource, FileSource } from '../source/model.ts'
import { isFolder } from '../store/add.ts'
import { admitBox } from '../store/admit.ts'
import { takeFolder } from '../store/take-folder.ts'
import { storePaths } from '../store-paths.ts'
import { checkFile } from './check-file.ts'
import { fromCatalogue } from './from-catalogue.ts'
import { fromOci } from './from-oci.ts'
import { fromUrl } from './from-url.ts'
import { importFile } from './importers.ts'

/**
 * Gets the box that a source names from where it is, newest version first, and puts it in the store;
 * the store is not asked whether it has one already. What it came from is written beside its name.
 * E_BOX_SOURCE, E_BOX_MISSING, E_BOX_VERSION, E_BOX_ARCH, E_BOX_INVALID, E_BOX_CORRUPT, E_BOX_EXISTS,
 * E_CATALOGUE, E_TRANSFER, E_CHECKSUM, E_UNCHECKED, E_REGISTRY_AUTH.
 */
export async function fetchBox(source: BoxSource, context: FetchContext): Promise<StoredBox> {
  switch (source.kind) {
    case 'file':
      return fromFile(source, context)
    case 'url':
      return fromUrl(source, context)
    case 'oci':
      return fromOci(source, context)
    case 'vagrant':
    case 'name':
      return fromCatalogue(source, context, fromOci)
  }
}

async function fromFile({ path }: FileSource, context: FetchContext): Promise<StoredBox> {
  const { store, facts = {}, arch, emit, signal, checksum = null } = context
  const input = { path, shown: path, sha256: null, ours: false }
  const fill = async (folder: string) => {
    const inFolder = await isFolder(path)
    if (checksum !== null) await checkFile(path, checksum, inFolder)
    return inFolder ? takeFolder(path, folder) : importFile(input, folder, { facts, arch, emit, signal })
  }
  return admitBox(storePaths(store.dir), fill, admitOptions(context, { source: path, origin: null }))
}
