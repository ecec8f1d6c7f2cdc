import { algorithmOfLength, type Checksum, checksumOf } from '../../lib/values/checksum.ts'

/**
 * The checksum of the file at `path`, of a URL, in a file of checksums, the strongest where there are several; null where
 * it has none. Of files with one name in several folders the one whose folders are the path's is meant; where that leaves
 * two checksums, none is. Forms: GNU (`<hex>  name`, `<hex> *name`), BSD and OpenSSL (`SHA256 (name) = <hex>`,
 * `SHA2-256(name)= <hex>`), and digits alone, which are of the one file that they stand beside. Signatures and comments
 * around them are passed over.
 */
export function findChecksum(text: string, path: string): Checksum | null {
  const lines = text.split('\n').map((line) => line.trim())
  const found = lines.flatMap((line) => {
    const entry = readLine(line)
    const nearness = entry === null ? 0 : nearnessOf(entry.name, path)
    return entry === null || nearness === 0 ? [] : [{ ...entry, nearness }]
  })
  const nearest = Math.max(...found.map(({ nearness }) => nearness))
  const own = found.filter(({ nearness }) => nearness === nearest).map(({ checksum }) => checksum)
  const strongest = Math.max(...own.map(({ hex }) => hex.length))
  const [first, ...more] = own.filter(({ hex }) => hex.length === strongest)
  if (first !== undefined) return more.every(({ hex }) => hex === first.hex) ? first : null
  const [only, ...others] = lines.filter((line) => line !== '' && !line.startsWith('#'))
  return found.length === 0 && others.length === 0 ? ofDigits(only) : null
}

function readLine(line: string): { name: string; checksum: Checksum } | null {
  const [, algorithm = '', bsdName = '', bsdHex = ''] =
    /^(SHA(?:2-|-)?\d{3}) ?\((.{1,300})\) ?= ?([0-9A-Fa-f]{64,128})$/.exec(line) ?? []
  const [, hex, gnuName = ''] = /^([0-9A-Fa-f]{64,128}) [ *]?(.{1,300})$/.exec(line) ?? []
  const checksum = algorithm === '' ? ofDigits(hex) : checksumOf(algorithm, bsdHex)
  return checksum === null ? null : { name: algorithm === '' ? gnuName : bsdName, checksum }
}

/**
 * 0: another file. A name all of whose folders are the path's comes before one that was written with the folders that it
 * was made in, and each that fits counts.
 */
function nearnessOf(name: string, path: string): number {
  const names = name
    .replace(/^(?:\.?\/)+/, '')
    .split('/')
    .reverse()
  const folders = path.split('/').reverse()
  const differs = names.findIndex((one, index) => one !== folders[index])
  return differs === -1 ? 1000 + names.length : differs
}

function ofDigits(hex = ''): Checksum | null {
  const algorithm = algorithmOfLength(hex.length)
  return algorithm === null ? null : checksumOf(algorithm, hex)
}
