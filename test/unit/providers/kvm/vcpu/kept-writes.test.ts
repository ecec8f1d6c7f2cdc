import { expect, it } from 'vitest'
import { openKeptWrites } from '../../../../../providers/kvm/vcpu/kept-writes.ts'

const entries = 170

/** What KVM does: an entry of 24 bytes after two counters, then the second counter. */
function keep(page: Buffer, port: number, data: readonly number[]): void {
  const last = page.readUInt32LE(4)
  const at = 8 + last * 24
  page.writeBigUInt64LE(BigInt(port), at)
  page.writeUInt32LE(data.length, at + 8)
  page.writeUInt32LE(1, at + 12)
  page.set(data, at + 16)
  page.writeUInt32LE((last + 1) % entries, 4)
}

it('hands over what KVM has kept, in order and once, also round the end of the ring', () => {
  const page = Buffer.from(new ArrayBuffer(4096))
  const kept = openKeptWrites(page)
  const taken: number[][] = []
  const take = () => kept.take((...write) => taken.push(write))
  take()
  expect(taken).toEqual([])
  for (let round = 0; round < 5; round++) {
    for (let n = 0; n < 100; n++) keep(page, 0xcf8, [n, round, 0, 0x80])
    taken.length = 0
    take()
    expect(taken).toEqual(
      Array.from({ length: 100 }, (_, n) => [0xcf8, 4, (0x8000_0000 + round * 0x100 + n) | 0]),
    )
  }
  taken.length = 0
  take()
  expect(taken).toEqual([])
})
