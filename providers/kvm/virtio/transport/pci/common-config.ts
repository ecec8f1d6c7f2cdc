import type { Snapshottable, StateReader, StateWriter } from '../../../snapshot/fields.ts'
import type { VirtioCore } from '../../device/core.ts'
import { addressWords } from '../../device/queue-registers.ts'

/** No MSI-X vector (virtio 1.2, §4.1.5.1.2). */
const noVector = 0xffff

interface Register {
  readonly width: 1 | 2 | 4
  read(): number
  write?(value: number): void
}

/**
 * The common configuration structure (virtio 1.2, §4.1.4.3) over a device's core. A driver reads and
 * writes whole fields, 64-bit ones by halves (§4.1.3.1); any other access reads ones or does nothing.
 */
export class CommonConfig implements Snapshottable {
  readonly #core: VirtioCore
  readonly #vectors: number
  readonly #onReset: () => void
  readonly #registers: ReadonlyMap<number, Register>
  #deviceWord = 0
  #driverWord = 0
  #queue = 0
  #configVector = noVector
  #queueVectors: number[]

  /** `onReset` is told when the driver asks for a reset. */
  constructor(core: VirtioCore, vectors: number, onReset: () => void) {
    this.#core = core
    this.#vectors = vectors
    this.#onReset = onReset
    this.#queueVectors = core.device.queueSizes.map(() => noVector)
    this.#registers = this.#table()
  }

  get configVector(): number {
    return this.#configVector
  }
  queueVector(queue: number): number {
    return this.#queueVectors[queue] ?? noVector
  }

  read(offset: number, data: Uint8Array): void {
    const register = this.#registers.get(offset)
    if (register === undefined || register.width !== data.length) data.fill(0xff)
    else Buffer.from(data.buffer, data.byteOffset, data.length).writeUIntLE(register.read(), 0, data.length)
  }

  write(offset: number, data: Uint8Array): void {
    const register = this.#registers.get(offset)
    if (register?.write === undefined || register.width !== data.length) return
    register.write(Buffer.from(data.buffer, data.byteOffset, data.length).readUIntLE(0, data.length))
  }

  save(to: StateWriter): void {
    for (const value of [this.#deviceWord, this.#driverWord, this.#queue, this.#configVector])
      to.number(value)
    for (const vector of this.#queueVectors) to.number(vector)
  }

  load(from: StateReader): void {
    this.#deviceWord = from.number()
    this.#driverWord = from.number()
    this.#queue = from.number(0xffff)
    this.#configVector = this.#known(from.number(noVector))
    this.#queueVectors = this.#queueVectors.map(() => this.#known(from.number(noVector)))
  }

  #table(): Map<number, Register> {
    const core = this.#core
    const word = (set: bigint, index: number) =>
      index > 1 ? 0 : Number((set >> BigInt(32 * index)) & 0xffff_ffffn)
    const queues = core.device.queueSizes.length
    return new Map<number, Register>([
      [
        0,
        {
          width: 4,
          read: () => this.#deviceWord,
          write: (value) => {
            this.#deviceWord = value
          },
        },
      ],
      [4, { width: 4, read: () => word(core.features.offered, this.#deviceWord) }],
      [
        8,
        {
          width: 4,
          read: () => this.#driverWord,
          write: (value) => {
            this.#driverWord = value
          },
        },
      ],
      [
        12,
        {
          width: 4,
          read: () => word(core.features.taken, this.#driverWord),
          write: (value) => core.setDriverFeatures(this.#driverWord, value),
        },
      ],
      [
        16,
        {
          width: 2,
          read: () => this.#configVector,
          write: (value) => {
            this.#configVector = this.#known(value)
          },
        },
      ],
      [18, { width: 2, read: () => queues }],
      [20, { width: 1, read: () => core.status, write: (value) => this.#writeStatus(value) }],
      [21, { width: 1, read: () => core.generation }],
      [
        22,
        {
          width: 2,
          read: () => this.#queue,
          write: (value) => {
            this.#queue = value
          },
        },
      ],
      [
        24,
        {
          width: 2,
          // A size of 0 says that there is no such queue (§4.1.4.3).
          read: () => core.queueRegisters(this.#queue)?.size ?? 0,
          write: (size) => core.changeableQueue(this.#queue)?.setSize(size),
        },
      ],
      [
        26,
        {
          width: 2,
          read: () => this.queueVector(this.#queue),
          write: (value) => {
            if (this.#queue < queues) this.#queueVectors[this.#queue] = this.#known(value)
          },
        },
      ],
      [
        28,
        {
          width: 2,
          read: () => (core.queueRegisters(this.#queue)?.enabled ? 1 : 0),
          write: (value) => {
            if (value === 1) core.enableQueue(this.#queue)
          },
        },
      ],
      [30, { width: 2, read: () => (this.#queue < queues ? this.#queue : 0) }],
      ...Array.from({ length: addressWords }, (_, word): [number, Register] => [
        32 + 4 * word,
        {
          width: 4,
          read: () => core.queueRegisters(this.#queue)?.words[word] ?? 0,
          write: (value) => core.changeableQueue(this.#queue)?.setWord(word, value),
        },
      ]),
    ])
  }

  #writeStatus(value: number): void {
    if (value === 0) {
      this.#configVector = noVector
      this.#queueVectors.fill(noVector)
      this.#onReset()
    }
    this.#core.writeStatus(value)
  }

  #known(vector: number): number {
    return vector < this.#vectors ? vector : noVector
  }
}
