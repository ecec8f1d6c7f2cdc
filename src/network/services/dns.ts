import {
  type AnswerRecord,
  code,
  encodeAnswer,
  largestAnswer,
  parseQuestion,
  pointerData,
  type Question,
  recordType,
  truncated,
} from './dns-message.ts'
import type { Found, Names } from './names.ts'

export interface Resolver {
  names: Pick<Names, 'find' | 'isIsolated'>
  /** Asks outside for a machine; null where there is no answer. */
  upstream: (machine: string, query: Buffer, head: Buffer) => Promise<Buffer | null>
}

/** Who asks, and on which network. */
export interface Asker {
  machine: string
  network: string
}

/** The answer to a DNS message; null for what is no question. */
export async function answerDns(
  data: Buffer,
  asker: Asker,
  { names, upstream }: Resolver,
): Promise<Buffer | null> {
  const question = parseQuestion(data)
  if (question === null) return null
  const found = names.find(asker.machine, asker.network, question.name)
  if (found.kind === 'nobody') return encodeAnswer(question, code.noSuchName)
  if (found.kind !== 'elsewhere') return encodeAnswer(question, code.ok, recordsOf(question, found))
  if (names.isIsolated(asker.machine)) return encodeAnswer(question, code.noSuchName)
  const answer = await upstream(asker.machine, data, question.head)
  if (answer === null) return encodeAnswer(question, code.failed)
  return answer.length <= largestAnswer ? answer : truncated(question)
}

function recordsOf(
  { type }: Question,
  found: Exclude<Found, { kind: 'nobody' | 'elsewhere' }>,
): AnswerRecord[] {
  const wants = (one: number) => type === one || type === recordType.any
  if (found.kind === 'name')
    return wants(recordType.ptr) ? [{ type: recordType.ptr, data: pointerData(found.name) }] : []
  const a = found.ipv4.map((address) => {
    const data = Buffer.alloc(4)
    data.writeUInt32BE(address)
    return { type: recordType.a, data }
  })
  const aaaa = found.ipv6.map((data) => ({ type: recordType.aaaa, data }))
  return [...(wants(recordType.a) ? a : []), ...(wants(recordType.aaaa) ? aaaa : [])]
}
