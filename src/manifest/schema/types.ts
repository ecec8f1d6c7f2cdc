import type { Report } from '../problems.ts'
import type { Node } from '../source/node.ts'
import type { Span } from '../source/source.ts'

/** What checking needs besides the value. */
export interface Context {
  report: Report
  /**
   * Puts variables into the text of a scalar; `changed` where it held any. Undefined after reporting
   * what is wrong with that.
   */
  interpolate(node: Node & { kind: 'scalar' }): { text: string; changed: boolean } | undefined
}

/** A JSON Schema, draft-07. */
export type JsonSchema = { [keyword: string]: unknown }

/** Schemas that are used in several places, by name. */
export type Definitions = Map<string, JsonSchema>

/**
 * The description of a value, from which come the check, the JSON Schema and the reference. `T` is
 * what a value is read as.
 */
export interface Schema<T> {
  /** What kind of value it is, as the reference says it: `size`, `list of ports`. */
  readonly label: string
  /**
   * Reads a value; undefined after reporting what is wrong with it. `owner` is the key or the list
   * item that holds it, to point at where there is nothing.
   */
  check(node: Node, context: Context, owner: Span): T | undefined
  json(definitions: Definitions): JsonSchema
}

/** A value that was read, and where it stands. */
export interface Located<T> {
  value: T
  node: Node
  /** The key or list item. */
  owner: Span
}
