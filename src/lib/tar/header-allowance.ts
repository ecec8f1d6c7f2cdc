import type { Refusal } from './refusal.ts'

/** Bytes of an extended header or a long name. */
export const extensionLimit = 4 * 2 ** 20
/** Bytes of headers, long names and sparse maps together: reading them takes far more time than content does. */
export const headerLimit = 64 * 2 ** 20

/** What an archive may still have of headers. */
export class HeaderAllowance {
  readonly #refusal: Refusal
  #left: number

  constructor(refusal: Refusal, bytes: number) {
    this.#refusal = refusal
    this.#left = bytes
  }

  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw this.#refusal.refused('its headers are too large')
  }
}
