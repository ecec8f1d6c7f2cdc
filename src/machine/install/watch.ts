/** What grows while an installer works. Bytes. */
export interface Sign {
  console: number
  written: number
  /** From the network. */
  received: number
}

/** What was last seen, and when it last was more than the time before (milliseconds). */
export interface Watch {
  at: number
  sign: Sign | null
}

/** A network is never quite still. */
const chatter = 64 * 1024

/** Pure. A guest that writes nothing, neither to its console nor to its disks, and is sent next to nothing, waits. */
export function watch({ at, sign }: Watch, next: Sign, now: number): Watch {
  const works =
    sign === null ||
    next.console !== sign.console ||
    next.written !== sign.written ||
    next.received - sign.received > chatter
  return works ? { at: now, sign: next } : { at, sign }
}
