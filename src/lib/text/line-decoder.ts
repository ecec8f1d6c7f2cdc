/**
 * Bytes to lines of UTF-8, wherever the bytes are cut, also within a character; what is not UTF-8 becomes U+FFFD. Lines
 * come without their line feed, empty ones not at all. A line of more than `longest` UTF-16 units is refused, as soon as
 * so much of it is there, with what `tooLong` makes of its beginning: whoever sends may be hostile.
 */
export class LineDecoder {
  #rest = ''
  readonly #text = new TextDecoder()
  readonly #longest: number
  readonly #tooLong: (start: string) => Error

  constructor(longest: number, tooLong: (start: string) => Error) {
    this.#longest = longest
    this.#tooLong = tooLong
  }

  push(bytes: Uint8Array): string[] {
    const text = this.#text.decode(bytes, { stream: true })
    this.#rest += text
    // What has no line feed is only held on to: looking through it all again for each piece would cost its square.
    const lines = text.includes('\n') ? this.#rest.split('\n') : [this.#rest]
    const long = lines.find((line) => line.length > this.#longest)
    if (long !== undefined) throw this.#tooLong(long.slice(0, 200))
    this.#rest = lines.pop() ?? ''
    return lines.filter((line) => line.trim() !== '')
  }
}
