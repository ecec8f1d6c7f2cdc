import { wholeModule } from '../../lib/native/whole-module.ts'
import { refused } from '../archive/refused.ts'

/** Bytes of a private key's file. */
export const keyLimit = 16 * 1024

/** The private key of a box, with plain line ends; E_BOX_INVALID for one that no one can log in with. */
export async function privateKey(text: string, name: string, shown: string): Promise<string> {
  const plain = text.replaceAll('\r\n', '\n')
  const { utils } = wholeModule(await import('ssh2'))
  const key = utils.parseKey(plain)
  const found = Array.isArray(key) ? key[0] : key
  if (found !== undefined && !(found instanceof Error) && found.isPrivateKey()) return plain
  const why =
    found instanceof Error && /encrypted|passphrase/i.test(found.message)
      ? 'is encrypted'
      : 'is not a readable private key'
  throw refused(
    shown,
    `its ${name} ${why}`,
    'no one could log in to its machines; package the box again with an OpenSSH key without a passphrase',
  )
}
