import { createHash } from 'node:crypto'

/** A machine's id: 8 hexadecimal digits made from the project's id and the machine's name. */
export function machineId(projectId: string, machine: string): string {
  return createHash('sha256').update(`${projectId}/${machine}`).digest('hex').slice(0, 8)
}

/** What tells a machine from all others, made from its id. */
export function identityOf(id: string): { uuid: string; mac: string } {
  const hash = createHash('sha256').update(id).digest()
  return { uuid: uuidFrom(hash), mac: macFrom(hash) }
}

/** RFC 9562, section 5.8: version 8, made from a hash. */
function uuidFrom(hash: Buffer): string {
  const bytes = Buffer.from(hash.subarray(0, 16))
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** 52:54:00 is the prefix that QEMU uses: locally administered, unicast. */
function macFrom(hash: Buffer): string {
  const tail = hash.subarray(16, 19).toString('hex')
  return `52:54:00:${tail.slice(0, 2)}:${tail.slice(2, 4)}:${tail.slice(4, 6)}`
}
