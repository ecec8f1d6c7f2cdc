import type { Snapshottable, StateReader, StateWriter } from '../../snapshot/fields.ts'
import { featureSet, hasFeature } from './virtio-device.ts'

/** Feature bits of rings and transport (virtio 1.2, §6). */
export const ringFeatures = { indirect: 28, eventIndex: 29, version1: 32 } as const

/** What a device offers and its driver takes of it (virtio 1.2, §2.2). */
export class Negotiation implements Snapshottable {
  readonly offered: bigint
  #taken = 0n

  /** @param features the device's own; those of rings and transport are added */
  constructor(features: bigint) {
    this.offered =
      features | featureSet(ringFeatures.indirect, ringFeatures.eventIndex, ringFeatures.version1)
  }

  get taken(): bigint {
    return this.#taken
  }

  /** 32 of the driver's features from bit `32 × word`; there are 64. */
  take(word: number, value: number): void {
    if (word > 1) return
    const shift = BigInt(32 * word)
    this.#taken = (this.#taken & ~(0xffff_ffffn << shift)) | (BigInt(value >>> 0) << shift)
  }

  /** Whether the driver took nothing that was not offered, and is a modern one (§3.1.1). */
  get acceptable(): boolean {
    return hasFeature(this.#taken, ringFeatures.version1) && (this.#taken & ~this.offered) === 0n
  }

  reset(): void {
    this.#taken = 0n
  }

  save(to: StateWriter): void {
    for (const word of [0n, 32n]) to.number(Number((this.#taken >> word) & 0xffff_ffffn))
  }

  load(from: StateReader): void {
    for (const word of [0, 1]) this.take(word, from.number())
  }
}
