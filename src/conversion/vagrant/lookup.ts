import { isVariableName } from '../units.ts'
import { asText, hashOf, listOf, unknown, type Value } from './value.ts'

/** Variables and what they hold; what is not there is not known. */
export type Scope = ReadonlyMap<string, Value>

/** Stands for `ENV`, whose values are told by the manifest's variables. */
export const environment: Value = { kind: 'hash', entries: new Map() }

/** An element of a list or hash, nil where there is none; of `ENV` a variable. */
export function at(target: Value, key: Value): Value {
  const name = asText(key)
  if (name === undefined) return unknown
  if (target === environment) return variable(name, null)
  const found = hashOf(target)?.get(name)
  if (hashOf(target) !== undefined) return found ?? null
  const items = listOf(target)
  if (items === undefined || !/^-?\d{1,6}$/.test(name)) return unknown
  return items.at(Number(name)) ?? null
}

export function variable(name: string, or: string | null): Value {
  return isVariableName(name) ? { kind: 'template', parts: [{ variable: name, or }] } : unknown
}
