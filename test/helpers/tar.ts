/** A member as a test wants it, hostile ones too. */
export interface TarMember {
  name: string
  content?: string
  /** Of `content`; UTF-8 unless given. */
  encoding?: 'latin1'
  type?: string
  link?: string
  /** Written into the header instead of the content's true size. */
  size?: number
  /** Written instead of the right checksum. */
  checksum?: number
}

/** A ustar archive of exactly these members. */
export function tar(members: readonly TarMember[], options: { end?: boolean } = {}): Buffer {
  const blocks = members.flatMap((member) => {
    const content = Buffer.from(member.content ?? '', member.encoding ?? 'utf8')
    return [header(member, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(options.end === false ? 0 : 1024)])
}

function header(member: TarMember, length: number): Buffer {
  const block = Buffer.alloc(512)
  block.write(member.name, 0, 100)
  block.write('0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${(member.size ?? length).toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write('        ', 148)
  block.write(member.type ?? '0', 156)
  block.write(member.link ?? '', 157, 100)
  block.write('ustar\x0000', 257)
  const sum = member.checksum ?? block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
