import { encodeName, readName } from './dns-name.ts'

/** RFC 1035, 3.2.2; RFC 3596; RFC 6891. */
export const recordType = { a: 1, ptr: 12, aaaa: 28, opt: 41, any: 255 } as const
export const code = { ok: 0, failed: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const

export type Way = 'udp' | 'tcp'

const headerBytes = 12
const internet = 1
/** Seconds that an answer of ours may be kept: a machine may leave the project at any time. */
const timeToLive = 30
/** The largest message: in one Ethernet frame with its headers, and with a length before it (RFC 1035, 4.2.2). */
export const mostBytes = { udp: 1472, tcp: 0xffff } as const satisfies Record<Way, number>
const leastAnswer = 512

export interface Question {
  id: number
  name: string
  type: number
  /** The bytes of the question as they came, header and all up to its end. */
  head: Buffer
  /** Bytes that the asker takes; 512 unless it says more (RFC 6891). */
  size: number
  extended: boolean
}

/** Reads a query with one question; null for everything else. */
export function parseQuestion(data: Buffer, over: Way): Question | null {
  if (data.length < headerBytes || data.length > mostBytes.udp) return null
  const isQuery = ((data[2] ?? 0) & 0xf8) === 0
  if (!isQuery || data.readUInt16BE(4) !== 1 || data.readUInt16BE(6) !== 0 || data.readUInt16BE(8) !== 0)
    return null
  const found = readName(data, headerBytes)
  if (found === null || found.end + 4 > data.length || data.readUInt16BE(found.end + 2) !== internet)
    return null
  const after = found.end + 4
  const extended =
    data.length >= after + 11 && data[after] === 0 && data.readUInt16BE(after + 1) === recordType.opt
  const size = extended ? Math.max(leastAnswer, data.readUInt16BE(after + 3)) : leastAnswer
  return {
    id: data.readUInt16BE(0),
    name: found.name,
    type: data.readUInt16BE(found.end),
    head: data.subarray(0, after),
    size: over === 'tcp' ? mostBytes.tcp : Math.min(size, mostBytes.udp),
    extended,
  }
}

export interface AnswerRecord {
  type: number
  data: Uint8Array
}

/** Our own answer: authoritative, records of the name that was asked for. */
export function encodeAnswer(
  question: Question,
  result: number,
  records: readonly AnswerRecord[] = [],
): Buffer {
  const head = Buffer.from(question.head)
  head.writeUInt16BE(0x8480 | (head.readUInt16BE(2) & 0x0100) | result, 2)
  head.writeUInt16BE(records.length, 6)
  head.writeUInt16BE(question.extended ? 1 : 0, 10)
  const answers = records.map(({ type, data }) => {
    const fixed = Buffer.alloc(12)
    // A pointer to the name of the question.
    fixed.writeUInt16BE(0xc000 | headerBytes, 0)
    fixed.writeUInt16BE(type, 2)
    fixed.writeUInt16BE(internet, 4)
    fixed.writeUInt32BE(timeToLive, 6)
    fixed.writeUInt16BE(data.length, 10)
    return Buffer.concat([fixed, data])
  })
  const whole = Buffer.concat([head, ...answers, question.extended ? extension() : Buffer.alloc(0)])
  return whole.length <= question.size ? whole : truncated(question)
}

/** Says that the answer is too long for a datagram; the guest then asks by TCP. */
export function truncated(question: Question): Buffer {
  const head = Buffer.from(question.head)
  head.writeUInt16BE(0x8280 | (head.readUInt16BE(2) & 0x0100), 2)
  head.fill(0, 6, headerBytes)
  return head
}

function extension(): Buffer {
  const record = Buffer.alloc(11)
  record.writeUInt16BE(recordType.opt, 1)
  record.writeUInt16BE(mostBytes.udp, 3)
  return record
}

export function pointerData(name: string): Buffer {
  return encodeName(name)
}
