/** Puts text in a colour; where colours are off, returns it as it is. */
export type Paint = (text: string) => string

export interface Palette {
  bold: Paint
  dim: Paint
  red: Paint
  green: Paint
  yellow: Paint
  blue: Paint
  cyan: Paint
}

export interface ColourOptions {
  stream: { isTTY?: boolean }
  env: NodeJS.ProcessEnv
  /** `--no-color` was given. */
  off: boolean
}

/**
 * Whether to write colours to a stream: not after `--no-color` or with NO_COLOR (https://no-color.org),
 * else as FORCE_COLOR says (`0` and `false` mean no), else when it is a terminal that is not `dumb`.
 */
export function useColour({ stream, env, off }: ColourOptions): boolean {
  if (off || (env.NO_COLOR ?? '') !== '') return false
  const force = env.FORCE_COLOR
  if (force !== undefined) return force !== '0' && force !== 'false'
  return stream.isTTY === true && env.TERM !== 'dumb'
}

/** ECMA-48, 8.3.117: Select Graphic Rendition. */
export function palette(on: boolean): Palette {
  const paint = (open: number, close: number): Paint =>
    on ? (text) => (text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`) : (text) => text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    blue: paint(34, 39),
    cyan: paint(36, 39),
  }
}
