/** Ruby code and how far it is read; lines are counted on the way. */
export class CharacterReader {
  readonly #source: string
  #line: number
  #at = 0

  constructor(source: string, line: number) {
    this.#source = source
    this.#line = line
  }

  get line(): number {
    return this.#line
  }

  isDone(): boolean {
    return this.#at >= this.#source.length
  }

  /** So many of the characters that follow. */
  ahead(count: number): string {
    return this.#source.slice(this.#at, this.#at + count)
  }

  isLineStart(): boolean {
    return this.#at === 0 || this.#source[this.#at - 1] === '\n'
  }

  /** What a sticky pattern finds here, which is read then. */
  match(pattern: RegExp): string | undefined {
    return this.groups(pattern)?.[0]
  }

  /** The same with its groups. */
  groups(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#source)
    if (match === null) return undefined
    this.#advance(match[0].length)
    return match
  }

  /** All that `measure` finds to be of one thing, by the offset behind it; gives what it found. */
  take<T extends { end: number }>(measure: (source: string, at: number) => T): T & { raw: string } {
    const found = measure(this.#source, this.#at)
    const raw = this.#source.slice(this.#at, found.end)
    this.#advance(raw.length)
    return { ...found, raw }
  }

  #advance(length: number): void {
    this.#line += this.#source.slice(this.#at, this.#at + length).split('\n').length - 1
    this.#at += length
  }
}
