/** Milliseconds between two looks at what a guest needs. */
export const balloonPause = 2000

export interface MemoryBounds {
  min: number
  max: number
}

/** What a guest has, and how much of that it could use at once without swapping, in bytes. It may say anything. */
export interface GivenMemory {
  size: number
  available: number
}

const mebibyte = 2 ** 20
/** What a guest is to have free for what comes next: a part of what it uses, and this at least. */
const headroom = { part: 0.25, least: 64 * mebibyte }
/** The part of what is too much that is taken at one look: half a minute of rest, and most of it is the host's. */
const taken = 1 / 8

/**
 * The bytes that a guest is to have next, a multiple of 1 MiB within the bounds. It grows at once when it has little left,
 * by twice its headroom, and shrinks by and by when it has more than three times that, so that it is left alone in
 * between. What it keeps of files counts as free. Pure.
 */
export function nextSize({ min, max }: MemoryBounds, { size, available }: GivenMemory): number {
  const used = Math.max(0, size - available)
  const room = Math.max(headroom.part * used, headroom.least)
  const wanted = used + 2 * room
  const isShort = available < room
  const isIdle = available > 3 * room
  const next = isShort ? wanted : isIdle ? size - (size - wanted) * taken : size
  return Math.ceil(Math.min(max, Math.max(min, next)) / mebibyte) * mebibyte
}
