import type { CharacterReader } from './character-reader.ts'
import { readLiteral } from './text-literal.ts'
import type { TokenBody } from './token.ts'

const percent = /%([qQwWiIxr]?)([([{<|!/])/y

/** A text in quotes whose opening is read: `"…"`, `'…'`, `%q(…)`. */
export function readText(reader: CharacterReader, open: string, rich: boolean): TokenBody {
  return { type: 'text', parts: body(reader, { open, rich }).parts }
}

/** A text in `"` or `'`, or the label that it is in `"guest": 80`. */
export function readTextOrLabel(reader: CharacterReader, quote: string): TokenBody {
  const { parts } = body(reader, { open: quote, rich: quote === '"' })
  const [only = '', ...more] = parts
  if (more.length > 0 || typeof only !== 'string' || reader.match(/:(?=\s)/y) === undefined)
    return { type: 'text', parts }
  return { type: 'label', text: only }
}

/** Backticks or a regular expression, whose opening is read. */
export function readOpaque(reader: CharacterReader, opening: string): TokenBody {
  const open = opening.slice(-1)
  const { raw } = body(reader, { open, rich: true })
  if (open === '/') reader.match(/[imxounse]+/y)
  return { type: 'opaque', text: opening + raw }
}

/** `%w[a b]`, `%q(…)`, `%x(…)`, `%(…)`, where one begins. */
export function readPercent(reader: CharacterReader): TokenBody | undefined {
  const [opening, kind = '', open = ''] = reader.groups(percent) ?? []
  if (opening === undefined) return undefined
  if (kind === 'x' || kind === 'r') return readOpaque(reader, opening)
  if (!/[wWiI]/.test(kind)) return readText(reader, open, kind !== 'q')
  const [text = ''] = body(reader, { open, rich: false }).parts
  return {
    type: 'words',
    items: String(text)
      .split(/\s+/)
      .filter((item) => item !== ''),
  }
}

function body(reader: CharacterReader, { open, rich }: { open: string; rich: boolean }) {
  const { line } = reader
  return reader.take((source, at) => readLiteral({ source, at, open, rich, line }))
}
