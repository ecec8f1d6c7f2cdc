import type { KeyName } from '../../provider/index.ts'

// A keyboard of the US layout.

const letters = [...'abcdefghijklmnopqrstuvwxyz'] as const
const digits = [...'0123456789'] as const

/** What each further key types, without Shift and with it. */
const signs: Record<string, KeyName> = {
  ' ': 'spc',
  '\n': 'ret',
  '\t': 'tab',
  '-': 'minus',
  '=': 'equal',
  '[': 'bracket_left',
  ']': 'bracket_right',
  '\\': 'backslash',
  ';': 'semicolon',
  "'": 'apostrophe',
  '`': 'grave_accent',
  ',': 'comma',
  '.': 'dot',
  '/': 'slash',
}
const shifted: Record<string, string> = Object.fromEntries(
  [...'~!@#$%^&*()_+{}|:"<>?'].map((sign, index) => [sign, [..."`1234567890-=[]\\;',./"][index] ?? '']),
)

const plain = new Map<string, KeyName>([
  ...[...letters, ...digits].map((key) => [key, key] as const),
  ...Object.entries(signs),
])

/** The keys that are held together to type a character; null: this keyboard has no such character. Pure. */
export function keysOf(character: string): KeyName[] | null {
  const key = plain.get(character)
  if (key !== undefined) return [key]
  const lower =
    (Object.hasOwn(shifted, character) ? shifted[character] : undefined) ??
    (/^[A-Z]$/.test(character) ? character.toLowerCase() : '')
  const under = plain.get(lower)
  return under === undefined ? null : ['shift', under]
}

/** Other names that people have for keys. */
const aliases: Record<string, KeyName> = {
  enter: 'ret',
  return: 'ret',
  escape: 'esc',
  del: 'delete',
  ins: 'insert',
  space: 'spc',
  control: 'ctrl',
  super: 'meta_l',
  win: 'meta_l',
  meta: 'meta_l',
  pageup: 'pgup',
  pagedown: 'pgdn',
  printscreen: 'print',
}

const named = [
  ...['shift', 'ctrl', 'alt', 'meta_l', 'shift_r', 'ctrl_r', 'alt_r', 'meta_r', 'menu'],
  ...['esc', 'ret', 'tab', 'spc', 'backspace', 'delete', 'insert', 'home', 'end', 'pgup', 'pgdn'],
  ...['up', 'down', 'left', 'right', 'print', 'pause', 'caps_lock', 'num_lock', 'scroll_lock'],
  ...Array.from({ length: 12 }, (_, index) => `f${index + 1}`),
]

/** All names that `keyNamed` knows, but letters, digits and signs. */
export const keyNames: readonly string[] = [...named, ...Object.keys(aliases)]

/** The key of a name or a character, in small letters or capitals: `F2`, `ctrl`, `a`; null: there is none. Pure. */
export function keyNamed(name: string): KeyName | null {
  const small = name.toLowerCase()
  return (
    (Object.hasOwn(aliases, small) ? aliases[small] : undefined) ??
    (named.includes(small) ? small : (plain.get(small) ?? null))
  )
}
