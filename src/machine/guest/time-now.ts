/** The word by which a guest is told the time over its ready channel: docs/boxes.md. */
export function timeNow(): string {
  return `clock ${(Date.now() / 1000).toFixed(3)}`
}
