import type { Algorithms, KexAlgorithm, ServerHostKeyAlgorithm } from 'ssh2'

/** What a connection offers, the cheapest for an emulated guest first. */
export const keyExchanges = [
  'ecdh-sha2-nistp256',
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
] as const satisfies readonly KexAlgorithm[]

/** Servers without GCM (dropbear) compute AES without the processor's help: ChaCha20 is then the quicker one. */
export const ciphers = [
  'aes128-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes256-gcm@openssh.com',
  'aes256-ctr',
] as const

const hostKeys: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

/**
 * The algorithms to offer. The type of the recorded host key comes first, so that a guest with
 * several shows that one. Under emulation nistp256 with aes128-gcm opens a connection in 0.54 s,
 * curve25519 in 0.9 s, OpenSSH's own choice in 1.1 s.
 */
export function algorithms(recordedType: string | undefined): Algorithms {
  const matches = (name: string) =>
    name === recordedType || (recordedType === 'ssh-rsa' && name.startsWith('rsa-'))
  return {
    kex: [...keyExchanges],
    cipher: [...ciphers],
    hmac: [
      'hmac-sha2-256-etm@openssh.com',
      'hmac-sha2-256',
      'hmac-sha2-512-etm@openssh.com',
      'hmac-sha2-512',
      'hmac-sha1',
    ],
    serverHostKey: [...hostKeys.filter(matches), ...hostKeys.filter((name) => !matches(name))],
  }
}
