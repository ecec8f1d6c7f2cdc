import { Transform, type TransformCallback, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { Masking } from '../lib/text/masking.ts'
import { Collector } from './collector.ts'
import { PrefixedLines } from './prefixed-lines.ts'

export interface RunOutputOptions {
  json: boolean
  /** Values that are shown as `***`. */
  secrets: readonly string[]
  /** Stands before each line, where several commands write at once; null: lines stay as they are. */
  prefix: string | null
  /** Whether the end of the output is wanted afterwards. */
  tail: boolean
}

export interface RunOutput {
  stdout: Writable
  stderr: Writable
  /** Lets out what waited, and gives what was written. */
  end(): Promise<WrittenOutput>
}

/** With `--json` all of it, as far as it is kept; with `tail` its end. */
export interface WrittenOutput {
  document: { stdout?: string; stderr?: string; truncated?: boolean }
  tail: string
}

/** Where the output of a run goes: on, or into the document; secret values do neither. */
export function runOutput({ json, secrets, prefix, tail }: RunOutputOptions): RunOutput {
  const collected = json ? { stdout: new Collector(), stderr: new Collector() } : null
  const kept = new Tail()
  const chains: { head: Writable; links: Writable[] }[] = []
  const through = (stream: Writable): Writable => {
    const links: Writable[] = []
    const before = (link: Writable): void => {
      links.unshift(link)
    }
    if (prefix !== null && !json) before(new PrefixedLines(stream, prefix))
    for (const link of [
      ...(tail ? [kept.tap()] : []),
      ...(secrets.length > 0 ? [new Masking(secrets)] : []),
    ]) {
      const [next] = links
      const target = next ?? stream
      link.pipe(target, { end: next !== undefined })
      endWith(link, target)
      before(link)
    }
    const head = links[0] ?? stream
    chains.push({ head, links })
    return head
  }
  const { stdout, stderr } = collected ?? process
  return {
    stdout: through(stdout),
    stderr: through(stderr),
    async end() {
      for (const { head, links } of chains) if (links.length > 0) head.end()
      // That its reader is gone is told by the stream itself.
      await Promise.allSettled(chains.flatMap(({ links }) => links.map((link) => finished(link))))
      return { document: collected === null ? {} : textsOf(collected), tail: kept.text() }
    },
  }
}

/** What a link holds would wait for ever for a reader that is gone: it ends with what it writes to. */
function endWith(link: Transform, target: Writable): void {
  const end = (error: Error) => link.destroy(error)
  target.once('error', end)
  link.on('error', () => undefined).once('close', () => target.removeListener('error', end))
}

function textsOf({ stdout, stderr }: { stdout: Collector; stderr: Collector }) {
  const truncated = stdout.truncated || stderr.truncated
  return { stdout: stdout.text(), stderr: stderr.text(), truncated }
}

/** Keeps the last 64 KiB of what passes its taps. */
class Tail {
  static readonly limit = 64 * 1024
  #bytes: Buffer = Buffer.alloc(0)

  tap(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) => {
        this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(-Tail.limit)
        done(null, chunk)
      },
    })
  }

  text(): string {
    return this.#bytes.toString('utf8')
  }
}
