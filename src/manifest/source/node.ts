import { maskedText } from '../../lib/text/masked-text.ts'
import type { Report } from '../problems.ts'
import type { Span } from './source.ts'

/**
 * A YAML value together with where it was written. Nodes are shared where the file uses aliases,
 * and are never changed once made.
 */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  kind: 'scalar'
  /** By YAML 1.2's core schema. */
  value: string | number | boolean | null
  /** A plain scalar as it is written (`0644`); of other scalars the text. */
  raw: string
  span: Span
  /** Tagged `!!binary`: base64, which only cloud-init is given. */
  isBinary?: true
}

export interface ListNode {
  kind: 'list'
  items: readonly Node[]
  span: Span
}

export interface MapNode {
  kind: 'map'
  /** In the order of the file. */
  entries: ReadonlyMap<string, Entry>
  span: Span
}

export interface Entry {
  key: string
  keySpan: Span
  value: Node
}

export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null
}

/** Where to point when something is wrong with an entry's value as a whole: collections at their key. */
export function entrySpan(entry: Entry): Span {
  return entry.value.kind === 'scalar' && entry.value.value !== null ? entry.value.span : entry.keySpan
}

/** The value as it would be shown in a message: `the text "two"`, `a list`. At most 60 characters of it. */
export function describe(node: Node): string {
  if (node.kind === 'list') return 'a list'
  if (node.kind === 'map') return 'a mapping'
  if (node.value === null) return 'nothing'
  if (typeof node.value === 'string') return `the text ${JSON.stringify(shorten(node.value))}`
  return `${typeof node.value === 'number' ? 'the number' : 'the truth value'} ${shorten(node.raw)}`
}

/** A value as it is shown: not too long, and without what a variable may have put into a URL of credentials. */
export function shorten(text: string, limit = 60): string {
  const shown = maskedText(text)
  return shown.length <= limit ? shown : `${shown.slice(0, limit - 1)}…`
}

/** What is said of a tag, as it is written in a file, and what to do. */
export function tagProblem(tag: string): [message: string, hint: string] {
  const short = tag.replace('tag:yaml.org,2002:', '!!')
  const written = short.startsWith('!') ? short : `!<${short}>`
  return [`tags are not supported here, found ${written}`, 'remove the tag']
}

/** Reports a value that is tagged as binary, which has a meaning for cloud-init only; whether it was one. */
export function refuseBinary(node: Node, report: Report): boolean {
  if (node.kind !== 'scalar' || node.isBinary !== true) return false
  const [message, hint] = tagProblem('!!binary')
  report({ code: 'E_YAML', message, span: node.span, hint })
  return true
}
