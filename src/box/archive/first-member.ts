import { isPosadaError } from '../../errors/index.ts'
import { ByteReader } from '../../lib/tar/byte-reader.ts'
import type { TarMember } from '../../lib/tar/tar-members.ts'
import { boxMembers } from './box-members.ts'
import { openArchive } from './open-archive.ts'

/**
 * What an archive begins with, folders left out: kinds of boxes are told apart by it. Null where there is
 * none, or it is not an archive. E_BOX_INVALID where it is packed and cannot be unpacked: what it is cannot be
 * told then.
 */
export async function firstMember({
  path,
  shown,
}: {
  path: string
  shown: string
}): Promise<Pick<TarMember, 'name' | 'kind'> | null> {
  let broken: unknown
  const unpacked = async function* () {
    try {
      yield* openArchive(path, { shown })
    } catch (error) {
      broken = error
      throw error
    }
  }
  const reader = new ByteReader(unpacked())
  try {
    for await (const member of boxMembers(reader, shown)) if (member.kind !== 'folder') return member
    return null
  } catch (error) {
    if (error !== broken && isPosadaError(error, 'E_BOX_INVALID')) return null
    throw error
  } finally {
    await reader.close()
  }
}
