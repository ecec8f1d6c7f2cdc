import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { Emit, OutputEvent } from '../events/index.ts'
import { Masker } from '../lib/text/masking.ts'

const mostLines = 20
const lineLength = 500

export interface StepOutputOf {
  step: string
  /** `provision` unless given. */
  kind?: 'hook'
  machine: string
  secrets?: readonly string[]
}

/** What a step writes: told as events while it comes, its last lines kept for the error. Secrets are in neither. */
export class StepOutput {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly #lines: string[] = []
  readonly #finish: (() => void)[] = []
  readonly #partial: Record<OutputEvent['stream'], string> = { stdout: '', stderr: '' }

  constructor(emit: Emit, about: StepOutputOf) {
    const writer = (stream: OutputEvent['stream']) => {
      const decoder = new StringDecoder('utf8')
      const masker = new Masker(about.secrets ?? [])
      const tell = (text: string) => {
        if (text === '') return
        emit({
          type: 'output',
          stream,
          text,
          step: `${about.kind ?? 'provision'}:${about.step}`,
          machine: about.machine,
        })
        this.#keep(stream, text)
      }
      this.#finish.push(() => tell(decoder.write(masker.end())))
      return new Writable({
        write(chunk: Buffer, _encoding, done) {
          tell(decoder.write(masker.pass(chunk)))
          done()
        },
      })
    }
    this.stdout = writer('stdout')
    this.stderr = writer('stderr')
  }

  /** Tells what waited to be known for no secret. */
  finish(): void {
    for (const each of this.#finish) each()
  }

  /** The last 20 lines at most, each cut at 500 characters; stdout and stderr in the order they came. */
  lastLines(): string[] {
    const unfinished = Object.values(this.#partial).filter((text) => text !== '')
    return [...this.#lines, ...unfinished].slice(-mostLines)
  }

  #keep(stream: OutputEvent['stream'], text: string): void {
    const lines = (this.#partial[stream] + text).split('\n')
    this.#partial[stream] = (lines.pop() ?? '').slice(0, lineLength)
    for (const line of lines.slice(-mostLines)) this.#lines.push(line.slice(0, lineLength).replace(/\r$/, ''))
    this.#lines.splice(0, this.#lines.length - mostLines)
  }
}
