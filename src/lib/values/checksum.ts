/** Hexadecimal digits of each algorithm that a download may be checked by, the strongest last. */
const digits = { sha256: 64, sha384: 96, sha512: 128 } as const

export type ChecksumAlgorithm = keyof typeof digits

/** What a file must hash to; `hex` is lower case. */
export interface Checksum {
  algorithm: ChecksumAlgorithm
  hex: string
}

/** `sha256:ab…` or `sha256=ab…`; null where it is not one. MD5 and SHA-1 protect against nothing and are none. */
export function parseChecksum(text: string): Checksum | null {
  const [, name = '', hex = ''] = /^([A-Za-z0-9-]{1,10})[:=]([0-9A-Fa-f]{1,128})$/.exec(text) ?? []
  return checksumOf(name, hex)
}

/**
 * A checksum by the name of its algorithm (`SHA-256`, `sha256`, OpenSSL's `SHA2-256`) and its digits; null where they do
 * not fit.
 */
export function checksumOf(name: string, hex: string): Checksum | null {
  const algorithm = name.toLowerCase().replace(/^sha2?-/, 'sha')
  if (!isAlgorithm(algorithm) || hex.length !== digits[algorithm] || !/^[0-9A-Fa-f]+$/.test(hex)) return null
  return { algorithm, hex: hex.toLowerCase() }
}

/** The algorithm whose digests have so many hexadecimal digits. */
export function algorithmOfLength(length: number): ChecksumAlgorithm | null {
  return algorithms.find((one) => digits[one] === length) ?? null
}

export function checksumText({ algorithm, hex }: Checksum): string {
  return `${algorithm}:${hex}`
}

const algorithms = Object.keys(digits) as ChecksumAlgorithm[]

function isAlgorithm(name: string): name is ChecksumAlgorithm {
  return Object.hasOwn(digits, name)
}
