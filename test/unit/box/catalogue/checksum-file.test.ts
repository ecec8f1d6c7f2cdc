import { describe, expect, it } from 'vitest'
import { findChecksum } from '../../../../src/box/catalogue/checksum-file.ts'

const a = 'a1'.repeat(32)
const b = 'b2'.repeat(32)
const long = 'c3'.repeat(64)
const find = (text: string) => findChecksum(text, '/images/y/disk.qcow2')

describe('finding a checksum', () => {
  it.each([
    ['GNU', `${b}  other.qcow2\n${a}  disk.qcow2\n`, a],
    ['GNU, binary', `${a} *disk.qcow2`, a],
    ['GNU, with a folder', `${a}  ./x/disk.qcow2\r\n`, a],
    ['BSD', `# disk.qcow2: 5 bytes\nSHA256 (disk.qcow2) = ${a.toUpperCase()}\n`, a],
    [
      'BSD, signed',
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSHA256 (disk.qcow2) = ${a}\n-----BEGIN PGP SIGNATURE-----\nxyz\n`,
      a,
    ],
    ['SHA-512', `${long}  disk.qcow2\n`, long],
    ['both, the stronger', `${a}  disk.qcow2\n${long}  disk.qcow2`, long],
    ['OpenSSL', `SHA2-256(disk.qcow2)= ${a}\n`, a],
    ['OpenSSL, SHA-512', `SHA2-512(other)= ${'d4'.repeat(64)}\nSHA2-512(disk.qcow2)= ${long}`, long],
    ['BSD with a hyphen', `SHA-256 (disk.qcow2) = ${a}\n`, a],
    ['in two folders, its own', `${b}  x/disk.qcow2\n${a}  y/disk.qcow2\n`, a],
    ['in two folders, its own first', `${a}  ./y/disk.qcow2\n${b}  ./x/disk.qcow2\n`, a],
    ['in two folders, BSD', `SHA256 (x/disk.qcow2) = ${b}\nSHA256 (images/y/disk.qcow2) = ${a}`, a],
    ['beside one in a folder', `${b}  x/disk.qcow2\n${a}  disk.qcow2\n`, a],
    ['its own though another is stronger', `${long}  x/disk.qcow2\n${a}  y/disk.qcow2`, a],
    ['written twice', `${a}  x/disk.qcow2\n${a}  z/disk.qcow2`, a],
    ['digits alone', `${a}\n`, a],
  ])('%s', (_, text, hex) => {
    expect(find(text)?.hex).toBe(hex)
  })

  it.each([
    ['of another file', `${a}  disk.qcow2.asc\n${a}  my-disk.qcow2`],
    ['in two other folders', `${a}  x/disk.qcow2\n${b}  z/disk.qcow2`],
    ['twice, otherwise', `${a}  disk.qcow2\n${b}  disk.qcow2`],
    ['SHA-3', `SHA3-256(disk.qcow2)= ${a}`],
    ['digits for another', `${a}  x/other.qcow2`],
    ['MD5', `${'d'.repeat(32)}  disk.qcow2`],
    ['cut short', `${a.slice(1)}  disk.qcow2`],
    ['two without names', `${a}\n${b}\n`],
    ['nothing', ''],
    ['a page', '<html>404</html>'],
  ])('%s: there is none', (_, text) => {
    expect(find(text)).toBeNull()
  })
})
