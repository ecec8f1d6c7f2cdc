/** Bytes, for people. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** step
  return `${value < 10 && step > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[step]}`
}

/** The time of day of an ISO 8601 time. */
export function clock(at: string): string {
  return new Date(at).toLocaleTimeString()
}
