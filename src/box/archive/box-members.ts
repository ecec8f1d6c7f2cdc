import type { ByteReader } from '../../lib/tar/byte-reader.ts'
import { type TarMember, tarMembers } from '../../lib/tar/tar-members.ts'
import { refused, truncated } from './refused.ts'

/** The members of a box's archive, their names as text. E_BOX_INVALID, which names `source`. */
export async function* boxMembers(reader: ByteReader, source: string): AsyncGenerator<TarMember> {
  const refusal = {
    refused: (problem: string) => refused(source, problem),
    truncated: () => truncated(source),
  }
  for await (const member of tarMembers(reader, refusal))
    yield { ...member, name: Buffer.from(member.name, 'latin1').toString() }
}
