import { type Given, plain } from './given.ts'

const mebibyte = 1024 ** 2

/** A number of MiB as a size; undefined where no machine can have it. A variable is taken for a number. */
export function mebibytes(value: Given): Given | undefined {
  const text = plain(value)
  if (text === undefined) return isNumbers(value) ? [...value, 'MiB'] : undefined
  return /^\d{1,9}$/.test(text) ? sizeOf(Number(text) * mebibyte, 16 * mebibyte) : undefined
}

/** `2g`, `512M`, `50GB`, `4GiB` as other tools write sizes, in powers of 1024; undefined where it is not one. */
export function looseSize(text: string): Given | undefined {
  const [, number, unit = ''] = /^\s*(\d{1,9}(?:\.\d{1,6})?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text) ?? []
  if (number === undefined) return undefined
  const power = ['', 'k', 'm', 'g', 't'].indexOf(unit.toLowerCase())
  return sizeOf(Number(number) * 1024 ** power, mebibyte)
}

/** The number of processors; undefined where no machine can have it. */
export function processors(value: Given): Given | undefined {
  const text = plain(value)
  if (text === undefined) return isNumbers(value) ? value : undefined
  const number = Math.ceil(Number(text))
  return /^\d{1,3}(\.\d{1,6})?$/.test(text) && number >= 1 && number <= 255 ? [String(number)] : undefined
}

/** A name that variables of the environment can have. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name)
}

/** Whether it is one variable whose default is a number: all else may come to anything. */
function isNumbers(value: Given): boolean {
  const [part, ...more] = value
  return more.length === 0 && typeof part === 'object' && part.or !== null && /^[1-9]\d{0,8}$/.test(part.or)
}

function sizeOf(bytes: number, least: number): Given | undefined {
  const whole = Math.ceil(bytes / mebibyte)
  if (bytes < least || whole > 16 * mebibyte) return undefined
  return [whole % 1024 === 0 ? `${whole / 1024}GiB` : `${whole}MiB`]
}
