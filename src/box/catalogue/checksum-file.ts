import { algorithmOfLength, type Checksum, checksumOf } from '../../lib/values/checksum.ts'

/**
 * The checksum of `file` in a file of checksums, the strongest where there are several; null where it
 * has none. Forms: GNU (`<hex>  name`, `<hex> *name`), BSD (`SHA256 (name) = <hex>`), and digits alone,
 * which are of the one file that they stand beside. Signatures and comments around them are passed over.
 */
export function findChecksum(text: string, file: string): Checksum | null {
  let found: Checksum | null = null
  const take = (checksum: Checksum | null) => {
    if (checksum !== null && checksum.hex.length > (found?.hex.length ?? 0)) found = checksum
  }
  const lines = text.split('\n').map((line) => line.trim())
  for (const line of lines) {
    const bsd = /^(SHA-?\d{3}) ?\((.{1,300})\) ?= ?([0-9A-Fa-f]{64,128})$/.exec(line)
    const gnu = /^([0-9A-Fa-f]{64,128}) [ *]?(.{1,300})$/.exec(line)
    if (bsd !== null && isIt(bsd[2], file)) take(checksumOf(bsd[1] ?? '', bsd[3] ?? ''))
    else if (gnu !== null && isIt(gnu[2], file)) take(ofDigits(gnu[1]))
  }
  const [only, ...more] = lines.filter((line) => line !== '' && !line.startsWith('#'))
  if (found === null && more.length === 0) take(ofDigits(only))
  return found
}

/** Some are written with the folder that they were made in. */
function isIt(name = '', file: string): boolean {
  return name === file || name.endsWith(`/${file}`)
}

function ofDigits(hex = ''): Checksum | null {
  const algorithm = algorithmOfLength(hex.length)
  return algorithm === null ? null : checksumOf(algorithm, hex)
}
