import { type Given, plain } from '../given.ts'

/** What an expression comes to without running anything. */
export type Value =
  | string
  | number
  | boolean
  | null
  | { kind: 'template'; parts: Given }
  | { kind: 'list'; items: readonly Value[] }
  | { kind: 'hash'; entries: ReadonlyMap<string, Value> }
  /** A part of the configuration, such as `config.vm`; `path` is what follows the block's parameter. */
  | { kind: 'part'; part: Part; path: readonly string[] }
  | typeof unknown

/** What only running it would tell. */
export const unknown = Symbol('unknown')

/** What a block's parameter stands for, by the calls and settings that are made on it. */
export interface Part {
  set(path: readonly string[], value: Value, line: number): void
  call(path: readonly string[], made: MadeCall): void
}

export interface MadeCall {
  args: readonly Value[]
  /** Runs the block of the call with its parameters; undefined where it has none. */
  block: ((...params: (Part | undefined)[]) => void) | undefined
  line: number
}

/** The longest text that an expression may come to. */
const textLimit = 256 * 1024

/** As a text in which variables may stand; undefined where it is not one, nor a number or a truth value. */
export function asGiven(value: Value | undefined): Given | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return [String(value)]
  return isObject(value) && value.kind === 'template' ? value.parts : undefined
}

/** A text or number without variables. */
export function asText(value: Value | undefined): string | undefined {
  const parts = asGiven(value)
  return parts === undefined ? undefined : plain(parts)
}

export function fromParts(parts: Given): Value {
  const size = parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 1), 0)
  if (size > textLimit || parts.length > 1000) return unknown
  return plain(parts) ?? { kind: 'template', parts }
}

export function listOf(value: Value | undefined): readonly Value[] | undefined {
  return isObject(value) && value.kind === 'list' ? value.items : undefined
}

export function hashOf(value: Value | undefined): ReadonlyMap<string, Value> | undefined {
  return isObject(value) && value.kind === 'hash' ? value.entries : undefined
}

export function isObject(value: Value | undefined): value is Extract<Value, { kind: string }> {
  return typeof value === 'object' && value !== null
}
