import type { RamRegion } from '../../memory/layout.ts'
import type { QueueSetup } from '../queue/layout.ts'

/** Requests of a front-end (QEMU, docs/interop/vhost-user.rst, "Front-end message types"). */
export const requests = {
  getFeatures: 1,
  setFeatures: 2,
  setOwner: 3,
  setMemoryTable: 5,
  setRingSize: 8,
  setRingAddresses: 9,
  setRingBase: 10,
  setRingKick: 12,
  setRingCall: 13,
  getProtocolFeatures: 15,
  setProtocolFeatures: 16,
  setRingEnabled: 18,
} as const

export type Request = keyof typeof requests

/** VHOST_USER_F_PROTOCOL_FEATURES, among the features of the device. */
export const protocolFeatures = 1n << 30n
/** VHOST_USER_PROTOCOL_F_REPLY_ACK: it says of each request that asks for it whether it did as told. */
export const acknowledges = 1n << 3n

/** Version 1, and the bits of answers and of requests that want one. */
const flag = { version: 1, versionMask: 3, reply: 4, needReply: 8 } as const
const headerBytes = 12
/** Every answer here is one number of 64 bits. */
const answerBytes = 8

/** A message: request, flags, length, and the payload. `answered`: it asks to be acknowledged. */
export function encodeRequest(name: Request, payload: Uint8Array, answered: boolean): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32LE(requests[name], 0)
  header.writeUInt32LE(flag.version | (answered ? flag.needReply : 0), 4)
  header.writeUInt32LE(payload.length, 8)
  return Buffer.concat([header, payload])
}

/** Payloads of one number of 64 bits: features; and queues that a descriptor is sent for. */
export function number64(value: bigint): Buffer {
  const payload = Buffer.alloc(8)
  payload.writeBigUInt64LE(value)
  return payload
}

/** struct vhost_vring_state: a queue, and its size, its first index, or whether it is enabled. */
export function ringState(queue: number, value: number): Buffer {
  const payload = Buffer.alloc(8)
  payload.writeUInt32LE(queue, 0)
  payload.writeUInt32LE(value, 4)
  return payload
}

/**
 * struct vhost_vring_addr: addresses of the front-end's own, by which the back-end looks into the memory table. Ours are
 * the guest's, so that it learns nothing of where this process has its memory.
 */
export function ringAddresses(queue: number, { descriptors, available, used }: QueueSetup): Buffer {
  const payload = Buffer.alloc(40)
  payload.writeUInt32LE(queue, 0)
  for (const [index, address] of [descriptors, used, available].entries())
    payload.writeBigUInt64LE(BigInt(address), 8 + 8 * index)
  return payload
}

/** The memory table: with it comes a descriptor a region, of the file in which `offset` counts. */
export function memoryTable(regions: readonly RamRegion[]): Buffer {
  const payload = Buffer.alloc(8 + 32 * regions.length)
  payload.writeUInt32LE(regions.length, 0)
  for (const [index, { base, size, offset }] of regions.entries()) {
    for (const [word, value] of [base, size, base, offset].entries())
      payload.writeBigUInt64LE(BigInt(value), 8 + 32 * index + 8 * word)
  }
  return payload
}

/** Takes answers out of a stream, of which one is outstanding at most. */
export class AnswerReader {
  #held = Buffer.alloc(0)

  /**
   * The answer to `name` once it is whole; null until then.
   *
   * @throws Error where it is none, or more comes than that
   */
  push(chunk: Uint8Array, name: Request): bigint | null {
    const held = Buffer.concat([this.#held, chunk])
    if (held.length > headerBytes + answerBytes) throw new Error('more than one answer to a request')
    this.#held = held
    if (held.length < headerBytes + answerBytes) return null
    this.#held = Buffer.alloc(0)
    const [request, flags, length] = [held.readUInt32LE(0), held.readUInt32LE(4), held.readUInt32LE(8)]
    const isAnswer = (flags & (flag.versionMask | flag.reply)) === (flag.version | flag.reply)
    if (request !== requests[name] || !isAnswer || length !== answerBytes)
      throw new Error(`not an answer to request ${requests[name]}`)
    return held.readBigUInt64LE(headerBytes)
  }
}
