import { isPosadaError } from '../../errors/index.ts'
import { ByteReader } from './byte-reader.ts'
import { openArchive } from './open-archive.ts'
import { type TarMember, tarMembers } from './tar-members.ts'

/** What an archive begins with, folders left out: kinds of boxes are told apart by it. Null where there is none, or it is no archive. */
export async function firstMember(path: string): Promise<Pick<TarMember, 'name' | 'kind'> | null> {
  const reader = new ByteReader(openArchive(path))
  try {
    for await (const member of tarMembers(reader, path)) if (member.kind !== 'folder') return member
    return null
  } catch (error) {
    if (isPosadaError(error, 'E_BOX_INVALID')) return null
    throw error
  } finally {
    await reader.close()
  }
}
