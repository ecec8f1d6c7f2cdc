import { asObject } from '../lib/values/as-object.ts'
import type { Request, Wish } from './protocol.ts'

const ofMachine = ['up', 'halt', 'power-off', 'reload', 'suspend', 'resume', 'destroy'] as const
const ofSnapshot = ['snapshot-save', 'snapshot-restore', 'snapshot-delete'] as const

/** What a message of the page asks for; null where it makes no sense. Pure. */
export function parseRequest(text: string): Request | null {
  const { id, root, wish } = asObject(parsed(text))
  const found = wishOf(asObject(wish))
  return typeof id === 'number' && typeof root === 'string' && found !== null
    ? { id, root, wish: found }
    : null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function wishOf({ do: verb, machine, name, ...rest }: Record<string, unknown>): Wish | null {
  if (verb === 'look') return { do: verb }
  if (verb === 'conditions') return conditionsOf(rest)
  if (typeof machine !== 'string') return null
  const life = ofMachine.find((one) => one === verb)
  if (life !== undefined) return { do: life, machine }
  const snapshot = ofSnapshot.find((one) => one === verb)
  return snapshot === undefined || typeof name !== 'string' ? null : { do: snapshot, machine, name }
}

function conditionsOf({ network, between, set, cut, reset }: Record<string, unknown>): Wish | null {
  if (typeof network !== 'string' || typeof reset !== 'boolean') return null
  if (cut !== null && typeof cut !== 'boolean') return null
  const texts = Object.entries(asObject(set)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  const [a, b] = Array.isArray(between) ? between : []
  if (between !== null && !(typeof a === 'string' && typeof b === 'string')) return null
  const pair: [string, string] | null = between === null ? null : [a, b]
  return { do: 'conditions', network, between: pair, set: Object.fromEntries(texts), cut, reset }
}
