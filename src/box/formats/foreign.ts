/** What a file that should be a raw disk is instead, by the bytes that it begins with. */
interface Kind {
  what: string
  at: number
  magic: string
  hint: string
}

const convert = (format: string) => `convert it: qemu-img convert -f ${format} -O qcow2 IMAGE root.qcow2`
const unpack = 'unpack it first'

/** Source: QEMU block/{vmdk,vpc,vhdx,vdi,qed,parallels}.c; ECMA-119, 8.1 for the last; RFC 1952, 8878 and others. */
const kinds: readonly Kind[] = [
  { what: 'a qcow2 image', at: 0, magic: 'QFI\xfb', hint: 'state its format as qcow2' },
  { what: 'a VMDK image', at: 0, magic: 'KDMV', hint: convert('vmdk') },
  { what: 'a VMDK image', at: 0, magic: 'COWD', hint: convert('vmdk') },
  { what: 'a VMDK descriptor', at: 0, magic: '# Disk DescriptorFile', hint: convert('vmdk') },
  { what: 'a VHD image', at: 0, magic: 'conectix', hint: convert('vpc') },
  { what: 'a VHDX image', at: 0, magic: 'vhdxfile', hint: convert('vhdx') },
  { what: 'a VDI image', at: 64, magic: '\x7f\x10\xda\xbe', hint: convert('vdi') },
  { what: 'a QED image', at: 0, magic: 'QED\0', hint: convert('qed') },
  { what: 'a Parallels image', at: 0, magic: 'WithoutFreeSpace', hint: convert('parallels') },
  { what: 'an encrypted volume (LUKS)', at: 0, magic: 'LUKS\xba\xbe', hint: 'a box must not be encrypted' },
  { what: 'packed with gzip', at: 0, magic: '\x1f\x8b\x08', hint: unpack },
  { what: 'packed with xz', at: 0, magic: '\xfd7zXZ\0', hint: unpack },
  { what: 'packed with zstd', at: 0, magic: '\x28\xb5\x2f\xfd', hint: unpack },
  { what: 'packed with bzip2', at: 0, magic: 'BZh', hint: unpack },
  { what: 'a zip archive', at: 0, magic: 'PK\x03\x04', hint: unpack },
  {
    what: 'a web page',
    at: 0,
    magic: '<!DOCTYPE',
    hint: 'open the address in a browser to see what the server sent',
  },
  {
    what: 'a web page',
    at: 0,
    magic: '<html',
    hint: 'open the address in a browser to see what the server sent',
  },
]

/** `start` is the beginning of the file, 128 bytes at least where it has them; null: nothing known. */
export function foreignKind(start: Buffer): { what: string; hint: string } | null {
  const found = kinds.find(({ at, magic }) => start.toString('latin1', at, at + magic.length) === magic)
  return found === undefined ? null : { what: found.what, hint: found.hint }
}
