/** When a start came to what, in milliseconds since the process began. */
export interface Milestones {
  reached(what: string): void
  /** `configuration 41, devices 55, kernel 61`. */
  text(): string
}

export function createMilestones(): Milestones {
  const reached: string[] = []
  return {
    // Of this process, Node's own start included (Node.js, perf_hooks, performance.timeOrigin).
    reached: (what) => reached.push(`${what} ${Math.round(performance.now())}`),
    text: () => reached.join(', '),
  }
}
