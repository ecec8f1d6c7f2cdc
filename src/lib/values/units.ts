/** What parsing a value with a unit came to. `missingUnit` tells a bare number from other mistakes. */
export type Parsed = { value: number } | { problem: string; hint?: string; missingUnit?: boolean }

const sizeUnits = new Map<string, number>([
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
  ['B', 1],
])

const durationUnits = new Map<string, number>([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
])

/**
 * Bytes of `512MiB`, `1.5GiB`, `10GB`: a number and a unit (IEC 80000-13: powers of 1024 have an i). Part of a
 * byte is rounded up.
 */
export function parseSize(text: string): Parsed {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?([A-Za-z]*)$/.exec(text)
  if (match === null)
    return { problem: 'is not a size', hint: 'write a number and a unit, such as 512MiB or 10GiB' }
  const [, number = '', unit = ''] = match
  if (unit === '')
    return {
      problem: 'has no unit',
      missingUnit: true,
      hint: `did you mean ${number}${Number(number) < 64 ? 'GiB' : 'MiB'}?`,
    }
  const factor = sizeUnits.get(unit)
  if (factor === undefined)
    return { problem: `has a unit that is not known, '${unit}'`, hint: sizeHint(number, unit) }
  const value = Math.ceil(Number(number) * factor)
  if (!Number.isSafeInteger(value)) return { problem: 'is too large', hint: 'the largest size is 8191TiB' }
  return { value }
}

function sizeHint(number: string, unit: string): string {
  const letter = unit.charAt(0).toLowerCase()
  const wanted = [...sizeUnits.keys()].find((known) => known.toLowerCase() === unit.toLowerCase())
  const near = wanted ?? { b: 'B', k: 'KiB', m: 'MiB', g: 'GiB', t: 'TiB' }[letter]
  return near === undefined
    ? `units are ${[...sizeUnits.keys()].join(', ')}`
    : `did you mean ${number}${near}?`
}

/**
 * Milliseconds of `500ms`, `90s`, `1h30m`, `1.5s`: larger units first, each at most once. `likely`: the unit that
 * the hint names where there is none.
 */
export function parseDuration(text: string, likely: 's' | 'ms' = 's'): Parsed {
  if (/^\d+(\.\d+)?$/.test(text))
    return { problem: 'has no unit', missingUnit: true, hint: `did you mean ${text}${likely}?` }
  if (text.length > 64 || !/^(?:\d{1,12}(?:\.\d{1,9})?[A-Za-z]+)+$/.test(text))
    return { problem: 'is not a duration', hint: 'write numbers with units, such as 90s, 2m or 1h30m' }
  let total = 0
  let previous = Number.POSITIVE_INFINITY
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)([A-Za-z]+)/g)) {
    const factor = durationUnits.get(unit)
    if (factor === undefined) {
      const near = durationUnits.has(unit.charAt(0).toLowerCase()) ? unit.charAt(0).toLowerCase() : undefined
      const hint = near === undefined ? 'units are d, h, m, s and ms' : `did you mean ${number}${near}?`
      return { problem: `has a unit that is not known, '${unit}'`, hint }
    }
    if (factor >= previous)
      return { problem: 'has its units out of order', hint: 'larger units come first, each once: 1h30m' }
    previous = factor
    total += Number(number) * factor
  }
  const value = Math.round(total)
  return Number.isSafeInteger(value)
    ? { value }
    : { problem: 'is too long a time', hint: 'use a shorter one' }
}

/** Bytes for people, to one decimal: `0B`, `512MiB`, `1.5GiB`. Exact when a whole number of its unit. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let index = 0
  while (index < units.length - 1 && Math.round(value * 10) / 10 >= 1024) {
    value /= 1024
    index += 1
  }
  return `${Math.round(value * 10) / 10}${units[index]}`
}

/** Milliseconds for people: `350ms`, `4.2s`, `45s`, `1m30s`, `2h5m`, `3d`. Two units at most. */
export function formatDuration(milliseconds: number): string {
  const rounded = Math.max(0, Math.round(milliseconds))
  if (rounded < 1000) return `${rounded}ms`
  if (rounded < 9950) return `${Math.round(rounded / 100) / 10}s`
  const seconds = Math.round(rounded / 1000)
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return pair(seconds, 60, ['m', 's'])
  const minutes = Math.round(seconds / 60)
  if (minutes < 24 * 60) return pair(minutes, 60, ['h', 'm'])
  return pair(Math.round(minutes / 60), 24, ['d', 'h'])
}

function pair(total: number, size: number, [large, small]: readonly [string, string]): string {
  const rest = total % size
  return `${Math.floor(total / size)}${large}${rest === 0 ? '' : `${rest}${small}`}`
}
