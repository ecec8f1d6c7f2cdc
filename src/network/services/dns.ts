import {
  type AnswerRecord,
  code,
  encodeAnswer,
  mostBytes,
  parseQuestion,
  pointerData,
  type Question,
  recordType,
  truncated,
  type Way,
} from '../../lib/wire/dns-message.ts'
import type { Found, Names } from './names.ts'
import type { Asked } from './upstream.ts'

export interface Resolver {
  names: Pick<Names, 'find' | 'isIsolated'>
  /** Asks outside for a machine; null where there is no answer. */
  upstream: (asked: Asked) => Promise<Buffer | null>
}

/** Who asks, on which network, and whether the answer goes back by UDP or by TCP. */
export interface Asker {
  machine: string
  network: string
  over: Way
}

/** The answer to a DNS message; null for anything but a question. */
export async function answerDns(
  data: Buffer,
  asker: Asker,
  { names, upstream }: Resolver,
): Promise<Buffer | null> {
  const question = parseQuestion(data, asker.over)
  if (question === null) return null
  const found = names.find(asker.machine, asker.network, question.name)
  if (found.kind === 'absent') return encodeAnswer(question, code.noSuchName)
  if (found.kind !== 'elsewhere') return encodeAnswer(question, code.ok, recordsOf(question, found))
  if (names.isIsolated(asker.machine)) return encodeAnswer(question, code.noSuchName)
  const { machine, over } = asker
  const answer = await upstream({ machine, query: data, head: question.head, over })
  if (answer === null) return encodeAnswer(question, code.failed)
  return answer.length <= mostBytes[over] ? answer : truncated(question)
}

function recordsOf(
  { type }: Question,
  found: Exclude<Found, { kind: 'absent' | 'elsewhere' }>,
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
