import type { Entry, Side } from './reconcile.ts'

/** What both sides agreed on, with what each side's file system said of it then. */
export interface Known extends Entry {
  host: string
  guest: string
}

/** What a side was to become when this was written; not known to have happened. */
export interface Intent {
  side: Side
  entry: Entry | null
}

export const title = 'posada sync 1'
const letters = { file: 'f', folder: 'd', link: 'l' } as const
const kinds = { f: 'file', d: 'folder', l: 'link' } as const

interface Records {
  index: Map<string, number>
  texts: (string | null)[]
}

export function put({ index, texts }: Records, path: string, text: string | null): void {
  const at = index.get(path)
  if (at !== undefined) texts[at] = text
  else if (text !== null) index.set(path, texts.push(text) - 1)
  if (text === null) index.delete(path)
}

/** Intents of one path that are remembered: one that cannot be carried out is repeated. */
const mostIntents = 20

export function addIntent(all: Map<string, Intent[]>, path: string, intent: Intent): void {
  all.set(path, [...(all.get(path) ?? []), intent].slice(-mostIntents))
}

export function intentLine(path: string, { side, entry }: Intent): string {
  const text = entry === null ? '-' : encode({ ...entry, host: '', guest: '' })
  return `${path}\0?${side === 'host' ? 'h' : 'g'}${text}\n`
}

export function encode({ kind, mode, size, digest, host, guest }: Known): string {
  return `${letters[kind]}${mode.toString(8)} ${size} ${digest} ${host} ${guest}`
}

export function decode(text: string): Known | null {
  const match = /^([fdl])([0-7]{1,4}) (\d{1,16}) ([0-9a-f]*) ([^ \n]*) ([^ \n]*)$/.exec(text)
  if (match === null) return null
  const [, letter = 'f', mode = '', size, digest = '', host = '', guest = ''] = match
  const kind = kinds[letter as keyof typeof kinds]
  return { kind, mode: Number.parseInt(mode, 8), size: Number(size), digest, host, guest }
}

/** Reads as far as the records are whole; `end`: how many bytes that is. */
export function parse(content: string) {
  const index = new Map<string, number>()
  const texts: (string | null)[] = []
  const intents = new Map<string, Intent[]>()
  const first = content.indexOf('\n')
  if (first < 0 || !content.startsWith(`${title} `)) return { index, texts, intents, identity: '', end: 0 }
  const identity = content.slice(title.length + 1, first)
  let at = first + 1
  for (;;) {
    const middle = content.indexOf('\0', at)
    const end = middle < 0 ? -1 : content.indexOf('\n', middle)
    if (end < 0) break
    const path = content.slice(at, middle)
    const text = content.slice(middle + 1, end)
    const mark = text.startsWith('?') ? text.slice(0, 2) : ''
    const rest = text.slice(mark.length)
    const entry = rest === '-' ? null : decode(rest)
    if (entry === null && rest !== '-') break
    if (mark !== '') addIntent(intents, path, { side: mark === '?h' ? 'host' : 'guest', entry })
    else {
      intents.delete(path)
      put({ index, texts }, path, entry === null ? null : rest)
    }
    at = end + 1
  }
  return { index, texts, intents, identity, end: at }
}
