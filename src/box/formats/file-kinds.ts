/** What a file is, by the bytes that it begins with. */
export interface Kind {
  /** For messages, after `it is`. */
  what: string
  hint: string
  /** qemu-img's name of the format, where a disk can be made of it. */
  converts?: 'vmdk' | 'vpc' | 'vhdx' | 'vdi'
  /** Whether it is packed in a way that can be unpacked here. */
  packed?: true
}

const qcow2From = (format: string) => `qemu-img convert -f ${format} -O qcow2 IMAGE root.qcow2`
const image = (format: NonNullable<Kind['converts']>) => ({
  hint: `convert it: ${qcow2From(format)}; or add it as it is: posada box add IMAGE`,
  converts: format,
})
const unpack = { hint: 'unpack it first' }
const packed = { ...unpack, packed: true } as const
const openIt = { hint: 'open the address in a browser to see what the server sent' }
const otherFile = { hint: 'check the path' }

/**
 * `at`: where the magic bytes stand, where that is not the beginning. Source: QEMU
 * block/{vmdk,vpc,vhdx,vdi,qed,parallels}.c; ECMA-119, 8.1; POSIX.1-2017, "ustar Interchange Format"; RFC 1952, 8878 and
 * others.
 */
const kinds: readonly (Kind & { at?: number; magic: string })[] = [
  { what: 'a qcow2 image', magic: 'QFI\xfb', hint: 'state its format as qcow2' },
  { what: 'a VMDK image', magic: 'KDMV', ...image('vmdk') },
  { what: 'a VMDK image', magic: 'COWD', ...image('vmdk') },
  {
    what: 'a VMDK descriptor, which names files that hold the disk',
    magic: '# Disk DescriptorFile',
    hint: `convert it to a single file where it is: ${qcow2From('vmdk')}`,
  },
  { what: 'a VHD image', magic: 'conectix', ...image('vpc') },
  { what: 'a VHDX image', magic: 'vhdxfile', ...image('vhdx') },
  { what: 'a VDI image', at: 64, magic: '\x7f\x10\xda\xbe', ...image('vdi') },
  { what: 'a QED image', magic: 'QED\0', hint: `convert it: ${qcow2From('qed')}` },
  { what: 'a Parallels image', magic: 'WithoutFreeSpace', hint: `convert it: ${qcow2From('parallels')}` },
  { what: 'an encrypted volume (LUKS)', magic: 'LUKS\xba\xbe', hint: 'a box must not be encrypted' },
  { what: 'a gzip file', magic: '\x1f\x8b\x08', ...packed },
  { what: 'an xz file', magic: '\xfd7zXZ\0', ...packed },
  { what: 'a zstd file', magic: '\x28\xb5\x2f\xfd', ...packed },
  { what: 'a bzip2 file', magic: 'BZh', ...unpack },
  { what: 'a zip archive', magic: 'PK\x03\x04', ...unpack },
  { what: 'a 7-Zip archive', magic: '7z\xbc\xaf\x27\x1c', ...unpack },
  { what: 'a tar archive', at: 257, magic: 'ustar', hint: 'unpack it, and add the disk image in it' },
  {
    what: 'an ISO image, for installing a system or running it live',
    at: 32769,
    magic: 'CD001',
    hint: 'use a cloud image of the distribution: posada box search shows some',
  },
  { what: 'a squashfs filesystem', magic: 'hsqs', hint: 'a box needs a disk that boots' },
  { what: 'a program', magic: '\x7fELF', ...otherFile },
  {
    what: 'a Git LFS pointer, not the file itself',
    magic: 'version https://git-lfs.github.com/spec/',
    hint: 'get the file: git lfs pull',
  },
  { what: 'a script', magic: '#!', ...otherFile },
  { what: 'a JSON file', magic: '{"', ...openIt },
]

/** What servers send in place of a file that is not there. */
const page = /^\s*<(!doctype|html|head|body|\?xml)\b/i

/** `start` is the beginning of the file, 64 KiB where it has them; null: nothing known, as a raw disk is. */
export function kindOf(start: Buffer): Kind | null {
  if (page.test(start.toString('latin1', 0, 512))) return { what: 'a web page', ...openIt }
  const found = kinds.find(({ at = 0, magic }) => start.toString('latin1', at, at + magic.length) === magic)
  if (found === undefined) return null
  const { at: _, magic: __, ...kind } = found
  return kind
}
