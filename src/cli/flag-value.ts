import { PosadaError } from '../errors/index.ts'
import type { Parsed } from '../lib/values/units.ts'

/** The number that a flag's text stands for. @throws PosadaError E_USAGE with what is wrong with it */
export function flagValue(name: string, text: string, parse: (text: string) => Parsed): number {
  const parsed = parse(text)
  if ('value' in parsed) return parsed.value
  throw wrongFlag(name, text, parsed)
}

function wrongFlag(
  name: string,
  text: string,
  { problem, hint }: { problem: string; hint?: string },
): PosadaError {
  return new PosadaError('E_USAGE', `--${name} ${text} ${problem}`, {
    value: text,
    ...(hint === undefined ? {} : { hint }),
  })
}
