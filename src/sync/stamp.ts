/** What a file system says of a path, enough to see that it is as it was. */
export interface Stat {
  kind: 'file' | 'folder' | 'link' | 'odd'
  mode: number
  size: number
  /** Inode number. */
  inode: string
  /** Nanoseconds since 1970, of the content and of the inode, by the side's own clock. */
  changed: bigint
  touched: bigint
}

/** Nanoseconds: two changes that are nearer than the clock of a file system ticks have one time. */
const tick = { fine: 20_000_000n, coarse: 2_000_000_000n }

/**
 * What is recorded of a path's state. It ends with `~`, and equals no other, where the path was changed so shortly before
 * `now` (nanoseconds, by the same clock) that a later change could look the same. Pure.
 */
export function stampOf(stat: Stat, now: bigint): string {
  if (stat.kind === 'folder') return stat.inode
  const { touched } = stat
  const window = touched % 1_000_000_000n === 0n ? tick.coarse : tick.fine
  const isFresh = touched > now - window && touched <= now + window
  return `${identityOf(stat)}.${touched.toString(36)}${isFresh ? '~' : ''}`
}

/** What a rename leaves as it is. */
export function identityOf({ inode, size, changed }: Stat): string {
  return `${inode}.${size}.${changed.toString(36)}`
}

/** Whether a path is as it was when the stamp was made. */
export function isAsStamped(stat: Stat, stamp: string): boolean {
  return stamp === stampOf(stat, 0n)
}
