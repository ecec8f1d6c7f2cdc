import type { Parsed } from './units.ts'

const rateUnits = new Map<string, number>([
  ['gbit', 1e9],
  ['mbit', 1e6],
  ['kbit', 1e3],
  ['bit', 1],
])

/** Bits a second of `100mbit`, `1.5gbit`, `64kbit`. */
export function parseRate(text: string): Parsed {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([A-Za-z/]*)$/.exec(text)
  if (match === null) return { problem: 'is not a rate', hint: 'write a number and a unit, such as 100mbit' }
  const [, number = '', unit = ''] = match
  if (unit === '') return { problem: 'has no unit', missingUnit: true, hint: `did you mean ${number}mbit?` }
  const factor = rateUnits.get(unit)
  if (factor !== undefined) {
    const value = Math.round(Number(number) * factor)
    const isTooLittle = value === 0 && Number(number) > 0
    return isTooLittle ? { problem: 'is less than a bit a second', hint: 'at least 1bit' } : { value }
  }
  const near = { g: 'gbit', m: 'mbit', k: 'kbit' }[unit.charAt(0).toLowerCase()]
  const hint = near === undefined ? 'units are bit, kbit, mbit and gbit' : `did you mean ${number}${near}?`
  return { problem: `has a unit that is not known, '${unit}'`, hint }
}

/** The part, from 0 to 1, of `0.1%`. */
export function parsePart(text: string): Parsed {
  const match = /^(\d{1,3}(?:\.\d{1,6})?) ?(%?)$/.exec(text)
  if (match === null) return { problem: 'is not a part', hint: 'write a number and %, such as 0.5%' }
  const [, number = '', unit = ''] = match
  if (unit === '') return { problem: 'has no unit', missingUnit: true, hint: `did you mean ${number}%?` }
  const value = Number(number) / 100
  return value <= 1 ? { value } : { problem: 'is too much', hint: 'at most 100%' }
}

/** `100mbit`, `1.5gbit`. */
export function formatRate(bits: number): string {
  for (const [unit, factor] of rateUnits)
    if (bits >= factor) return `${Math.round((bits / factor) * 1000) / 1000}${unit}`
  return '0bit'
}

/** `2%`, `0.1%`. */
export function formatPart(part: number): string {
  return `${Math.round(part * 1e6) / 1e4}%`
}
