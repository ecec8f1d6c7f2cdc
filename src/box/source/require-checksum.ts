import { PosadaError } from '../../errors/index.ts'
import { type Checksum, parseChecksum } from '../../lib/values/checksum.ts'

/** As `parseChecksum`, with E_BOX_SOURCE for what a user wrote wrong. */
export function requireChecksum(text: string): Checksum {
  const checksum = parseChecksum(text)
  if (checksum !== null) return checksum
  throw new PosadaError('E_BOX_SOURCE', `'${text.slice(0, 150)}' is not a checksum`, {
    value: text,
    hint: 'write sha256: and 64 hexadecimal digits, or sha512: and 128; weaker algorithms are not accepted',
  })
}
