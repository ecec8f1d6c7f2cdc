/** What a way from one machine to another is like, for frames in one direction. Absent: as on a wire. */
export interface Conditions {
  /** Milliseconds that a frame takes. */
  latency?: number
  /** Milliseconds that it may take more or less, evenly spread; order is kept. */
  jitter?: number
  /** Part of the frames that are lost, 0 to 1. */
  loss?: number
  /** Part that arrives twice. */
  duplicate?: number
  /** Part that overtakes the others: it arrives without latency. */
  reorder?: number
  /** Bits a second. */
  rate?: number
  /** Nothing passes. */
  cut?: boolean
}

/** Milliseconds of latency, or of jitter, at most. */
export const longestDelay = 60_000
