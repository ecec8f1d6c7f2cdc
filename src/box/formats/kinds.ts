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

const convert = (format: string) =>
  `convert it: qemu-img convert -f ${format} -O qcow2 IMAGE root.qcow2; or add it as it is: posada box add IMAGE`
const unpack = 'unpack it first'
const openIt = 'open the address in a browser to see what the server sent'

/**
 * Source: QEMU block/{vmdk,vpc,vhdx,vdi,qed,parallels}.c; ECMA-119, 8.1; POSIX.1-2017, "ustar Interchange Format"; RFC
 * 1952, 8878 and others.
 */
const kinds: readonly (Kind & { at: number; magic: string })[] = [
  { what: 'a qcow2 image', at: 0, magic: 'QFI\xfb', hint: 'state its format as qcow2' },
  { what: 'a VMDK image', at: 0, magic: 'KDMV', hint: convert('vmdk'), converts: 'vmdk' },
  { what: 'a VMDK image', at: 0, magic: 'COWD', hint: convert('vmdk'), converts: 'vmdk' },
  {
    what: 'a VMDK descriptor, which names files that hold the disk',
    at: 0,
    magic: '# Disk DescriptorFile',
    hint: 'convert it to a single file where it is: qemu-img convert -f vmdk -O qcow2 IMAGE root.qcow2',
  },
  { what: 'a VHD image', at: 0, magic: 'conectix', hint: convert('vpc'), converts: 'vpc' },
  { what: 'a VHDX image', at: 0, magic: 'vhdxfile', hint: convert('vhdx'), converts: 'vhdx' },
  { what: 'a VDI image', at: 64, magic: '\x7f\x10\xda\xbe', hint: convert('vdi'), converts: 'vdi' },
  {
    what: 'a QED image',
    at: 0,
    magic: 'QED\0',
    hint: 'convert it: qemu-img convert -f qed -O qcow2 IMAGE root.qcow2',
  },
  {
    what: 'a Parallels image',
    at: 0,
    magic: 'WithoutFreeSpace',
    hint: 'convert it: qemu-img convert -f parallels -O qcow2 IMAGE root.qcow2',
  },
  { what: 'an encrypted volume (LUKS)', at: 0, magic: 'LUKS\xba\xbe', hint: 'a box must not be encrypted' },
  { what: 'a gzip file', at: 0, magic: '\x1f\x8b\x08', hint: unpack, packed: true },
  { what: 'an xz file', at: 0, magic: '\xfd7zXZ\0', hint: unpack, packed: true },
  { what: 'a zstd file', at: 0, magic: '\x28\xb5\x2f\xfd', hint: unpack, packed: true },
  { what: 'a bzip2 file', at: 0, magic: 'BZh', hint: unpack },
  { what: 'a zip archive', at: 0, magic: 'PK\x03\x04', hint: unpack },
  { what: 'a 7-Zip archive', at: 0, magic: '7z\xbc\xaf\x27\x1c', hint: unpack },
  { what: 'a tar archive', at: 257, magic: 'ustar', hint: 'unpack it, and add the disk image in it' },
  {
    what: 'an ISO image, which installs or runs a system and has none installed',
    at: 32769,
    magic: 'CD001',
    hint: 'use a cloud image of the distribution: posada box search shows some',
  },
  { what: 'a squashfs filesystem', at: 0, magic: 'hsqs', hint: 'a box needs a disk that boots' },
  { what: 'a program', at: 0, magic: '\x7fELF', hint: 'check the path' },
  {
    what: 'a Git LFS pointer and not the file itself',
    at: 0,
    magic: 'version https://git-lfs.github.com/spec/',
    hint: 'get the file: git lfs pull',
  },
  { what: 'a script', at: 0, magic: '#!', hint: 'check the path' },
  { what: 'a JSON file', at: 0, magic: '{"', hint: openIt },
]

/** What servers send in place of a file that is not there. */
const page = /^\s*<(!doctype|html|head|body|\?xml)\b/i

/** `start` is the beginning of the file, 64 KiB where it has them; null: nothing known, as a raw disk is. */
export function kindOf(start: Buffer): Kind | null {
  if (page.test(start.toString('latin1', 0, 512))) return { what: 'a web page', hint: openIt }
  const found = kinds.find(({ at, magic }) => start.toString('latin1', at, at + magic.length) === magic)
  if (found === undefined) return null
  const { at: _, magic: __, ...kind } = found
  return kind
}
