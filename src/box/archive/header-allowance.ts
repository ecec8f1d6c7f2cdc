import { refused } from './refused.ts'

/** Bytes of an extended header or a long name. */
export const extensionLimit = 4 * 2 ** 20
/** Bytes of headers, long names and sparse maps together: reading them takes far more time than content does. */
const headerLimit = 64 * 2 ** 20

/** What an archive may still have of headers. */
export class HeaderAllowance {
  readonly #source: string
  #left = headerLimit

  constructor(source: string) {
    this.#source = source
  }

  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw refused(this.#source, 'its headers are too large')
  }
}
