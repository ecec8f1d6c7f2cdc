/** Milliseconds; see `openHttp`. */
export interface HttpTimeouts {
  connect: number
  /** From the request to the first line of the answer. */
  answer: number
  /** Between two pieces of the body. */
  stall: number
}

export const standardTimeouts: HttpTimeouts = { connect: 15_000, answer: 60_000, stall: 30_000 }
