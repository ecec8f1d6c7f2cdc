import { describe, expect } from 'vitest'
import { AnswerReader, requests } from '../../providers/kvm/virtio/vhost-user/messages.ts'
import { fuzz } from './fuzz.ts'

describe('what serves a folder', () => {
  fuzz('vhost-user answers', (source) => {
    const answer = Buffer.alloc(20)
    for (const [at, word] of [requests.getFeatures, 5, 8, 0, 0].entries())
      answer.writeUInt32LE(source.below(4) === 0 ? source.number(4) : word, 4 * at)
    const isSound =
      answer.readUInt32LE(0) === 1 && (answer.readUInt32LE(4) & 7) === 5 && answer.readUInt32LE(8) === 8
    const reader = new AnswerReader()
    let at = 0
    let found: bigint | null = null
    const stream = Buffer.concat([answer, source.bytes(source.below(3))])
    let refused = false
    while (at < stream.length && found === null && !refused) {
      const length = 1 + source.below(24)
      try {
        found = reader.push(stream.subarray(at, at + length), 'getFeatures')
      } catch {
        refused = true
      }
      at += length
    }
    if (found !== null) expect(isSound).toBe(true)
    else expect(refused).toBe(!isSound || stream.length > 20)
  })
})
