import { wholeModule } from '../../lib/native/whole-module.ts'
import { refused } from '../archive/refused.ts'

/** Bytes of a private key's file. */
export const keyLimit = 16 * 1024

/** The private key of a box, with plain line ends; E_BOX_INVALID for one that lets nobody in. */
export async function privateKey(text: string, name: string, shown: string): Promise<string> {
  const plain = text.replaceAll('\r\n', '\n')
  const { utils } = wholeModule(await import('ssh2'))
  const key = utils.parseKey(plain)
  const found = Array.isArray(key) ? key[0] : key
  if (found !== undefined && !(found instanceof Error) && found.isPrivateKey()) return plain
  const why =
    found instanceof Error && /encrypted|passphrase/i.test(found.message)
      ? 'is encrypted'
      : 'is no private key that can be read'
  throw refused(
    shown,
    `its ${name} ${why}`,
    'its machines could not be logged in to; package the box again with a key in OpenSSH’s form, without a passphrase',
  )
}
