import { type Profiler, Session } from 'node:inspector'

const session = new Session()

/** To be called before any of the code runs: of functions that were compiled by then no blocks are told apart. For good. */
export function startCounting(): void {
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
}

/** Parts of the hypervisor's code that have been run so far, by the engine's own account of blocks. */
export class Coverage {
  readonly #seen = new Map<string, Uint8Array>()

  /** Whether anything was run since the last call that never was before; from then on it was, unless it is to be forgotten. */
  isNew({ forget = false } = {}): boolean {
    let found = false
    session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error
      for (const script of taken.result.filter(({ url }) => url.includes('/providers/kvm/')))
        for (const { ranges } of script.functions) found = this.#add(script.url, ranges, forget) || found
    })
    return found
  }

  /** `ranges`: of a function, and in it those of blocks that were run more or less often, outer ones first. */
  #add(url: string, ranges: readonly Profiler.CoverageRange[], forget: boolean): boolean {
    const [{ startOffset: start, endOffset: end, count } = { startOffset: 0, endOffset: 0, count: 0 }] =
      ranges
    if (count === 0) return false
    const run = new Uint8Array(end - start)
    for (const range of ranges)
      run.fill(range.count > 0 ? 1 : 0, Math.max(0, range.startOffset - start), range.endOffset - start)
    const seen = this.#seenOf(url, end)
    let found = false
    for (let at = 0; at < run.length; at += 1) {
      if (run[at] === 0 || seen[start + at] === 1) continue
      if (!forget) seen[start + at] = 1
      found = true
    }
    return found
  }

  #seenOf(url: string, length: number): Uint8Array {
    const known = this.#seen.get(url)
    if (known !== undefined && known.length >= length) return known
    const larger = new Uint8Array(Math.max(length, 2 * (known?.length ?? 0)))
    if (known !== undefined) larger.set(known)
    this.#seen.set(url, larger)
    return larger
  }
}
