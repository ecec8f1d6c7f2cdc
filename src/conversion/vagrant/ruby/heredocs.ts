import type { CharacterReader } from './character-reader.ts'
import { dedent, richParts } from './text-literal.ts'
import { NotUnderstood, type TextPart, type TokenBody } from './token.ts'

const opening = /<<([-~]?)(?:(["'])([A-Za-z_]\w*)\2|([A-Z_]\w*|(?<=<<[-~])[a-z_]\w*))/y

interface Heredoc {
  tag: string
  rich: boolean
  indented: boolean
  parts: TextPart[]
  line: number
}

/** Texts that a line begins, `<<~TEXT`, and whose bodies follow that line. Source: Ruby, doc/syntax/literals.rdoc. */
export class Heredocs {
  #begun: Heredoc[] = []

  isDone(): boolean {
    return this.#begun.length === 0
  }

  /** The token of one that begins here; its parts come with its body. */
  begin(reader: CharacterReader): TokenBody | undefined {
    const { line } = reader
    const found = reader.groups(opening)
    if (found === undefined) return undefined
    const [, dash = '', quote, quoted, bare] = found
    const parts: TextPart[] = []
    this.#begun.push({ tag: quoted ?? bare ?? '', rich: quote !== "'", indented: dash !== '', parts, line })
    return { type: 'text', parts }
  }

  /** The bodies of those that the line before began. */
  readBodies(reader: CharacterReader): void {
    for (const { tag, rich, indented, parts, line } of this.#begun) {
      const first = reader.line
      const blanks = indented ? '[ \\t]*' : ''
      const found = reader.groups(new RegExp(`([\\s\\S]*?)^${blanks}${tag}\\r?$\\n?`, 'my'))
      if (found === undefined) throw new NotUnderstood(line, `a heredoc that ${tag} does not close`)
      const body = dedent((found[1] ?? '').replaceAll('\r\n', '\n'))
      parts.push(...(rich ? richParts(body, first) : [body]))
    }
    this.#begun = []
  }
}
