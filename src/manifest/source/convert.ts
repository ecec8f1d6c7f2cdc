import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  type Node as YamlNode,
} from 'yaml'
import { PosadaError } from '../../errors/index.ts'
import { limits } from '../limits.ts'
import type { Report } from '../problems.ts'
import { type Entry, type Node, tagProblem } from './node.ts'
import { placeOf, type Source, type Span } from './source.ts'

/**
 * Makes located nodes of a parsed document. Aliases become the very node they stand for, so the
 * work is bounded by the file's size; how large the document would be written out is counted, and
 * is refused over `limits.nodes` with E_MANIFEST_TOO_LARGE. Undefined after reporting an alias that
 * leads nowhere: what would be said of its value makes no sense.
 */
export function convert(
  document: Document.Parsed,
  source: Source,
  { report, foreign }: ConvertOptions,
): Node | undefined {
  const converter = new Converter(source, report, foreign)
  const node = converter.node(document.contents, { source, start: 0, end: 0 })
  return converter.broken ? undefined : node
}

export interface ConvertOptions {
  report: Report
  /** Whether it is another tool's file: merge keys are carried out, and tags say nothing. */
  foreign: boolean
}

const binary = 'tag:yaml.org,2002:binary'

class Converter {
  /** Whether an alias leads nowhere. */
  broken = false
  readonly #source: Source
  readonly #report: Report
  readonly #foreign: boolean
  /** Finished nodes by their anchor, as far as the document has been gone through; null while open. */
  readonly #anchors = new Map<string, Node | null>()
  readonly #weights = new Map<Node, number>()

  constructor(source: Source, report: Report, foreign: boolean) {
    this.#source = source
    this.#report = report
    this.#foreign = foreign
  }

  node(node: YamlNode | null | undefined, empty: Span): Node {
    if (node === null || node === undefined) return { kind: 'scalar', value: null, raw: '', span: empty }
    if (isAlias(node)) return this.#alias(node)
    const span = this.#span(node)
    const isBinary = isScalar(node) && node.tag === binary
    if (node.tag !== undefined && !isBinary && !this.#foreign) this.#problem(span, ...tagProblem(node.tag))
    const anchor = 'anchor' in node && typeof node.anchor === 'string' ? node.anchor : undefined
    if (anchor !== undefined) this.#anchors.set(anchor, null)
    const made = this.#made(node, span)
    if (anchor !== undefined) this.#anchors.set(anchor, made)
    return made
  }

  #made(node: YamlNode, span: Span): Node {
    if (isMap(node)) return this.#map(node.items as Pair<YamlNode, YamlNode | null>[], span)
    if (isSeq(node)) {
      // The library makes pairs of what is tagged !!omap or !!pairs.
      const items = node.items.map((item) =>
        isPair(item)
          ? this.#map([item as Pair<YamlNode, YamlNode | null>], span)
          : this.node(item as YamlNode, span),
      )
      return this.#weighed({ kind: 'list', items, span }, items)
    }
    if (!isScalar(node)) throw new Error('a YAML node of no known kind')
    const { value, source = '' } = node
    if (node.tag === binary) return { kind: 'scalar', value: source, raw: source, span, isBinary: true }
    if (typeof value === 'string') return { kind: 'scalar', value, raw: value, span }
    if (typeof value === 'number' || typeof value === 'boolean' || value === null)
      return { kind: 'scalar', value, raw: node.source ?? String(value), span }
    // A tag made something else of it, which was reported.
    return { kind: 'scalar', value: source, raw: source, span }
  }

  #map(pairs: Pair<YamlNode, YamlNode | null>[], span: Span): Node {
    const entries = new Map<string, Entry>()
    const merged: Node[] = []
    for (const pair of pairs) {
      const entry = this.#entry(pair, span)
      if (entry === undefined) continue
      if (this.#foreign && entry.key === '<<') {
        merged.push(...(entry.value.kind === 'list' ? entry.value.items : [entry.value]))
        continue
      }
      const first = entries.get(entry.key)
      if (first === undefined) entries.set(entry.key, entry)
      else {
        const { line } = placeOf(first.keySpan)
        this.#problem(
          entry.keySpan,
          `the key '${entry.key}' is there twice, first in line ${line}`,
          'remove one of the two',
        )
      }
    }
    for (const node of merged)
      if (node.kind === 'map')
        for (const [key, entry] of node.entries) if (!entries.has(key)) entries.set(key, entry)
    return this.#weighed(
      { kind: 'map', entries, span },
      [...entries.values()].map((entry) => entry.value),
    )
  }

  #entry(pair: Pair<YamlNode, YamlNode | null>, parent: Span): Entry | undefined {
    const keySpan = pair.key === null ? parent : this.#span(pair.key)
    const value = this.node(pair.value, keySpan)
    if (!isScalar(pair.key) || (pair.key.tag !== undefined && !this.#foreign)) {
      this.#problem(keySpan, 'a key is a plain text, found another kind of value', "write 'key: value'")
      return undefined
    }
    const key =
      typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? String(pair.key.value))
    if (key === '<<' && !this.#foreign)
      this.#problem(
        keySpan,
        "YAML's merge key '<<' is not supported",
        "put what machines share under 'defaults:'",
      )
    else if (key === '__proto__') this.#problem(keySpan, "'__proto__' cannot be a key", 'choose another name')
    else return { key, keySpan, value }
    return undefined
  }

  #alias(alias: Alias.Parsed | Alias): Node {
    const span = this.#span(alias)
    const target = this.#anchors.get(alias.source)
    if (target !== undefined && target !== null) return target
    const what =
      target === null ? `stands inside of what it refers to` : 'refers to an anchor that is not above it'
    this.#problem(
      span,
      `the alias '*${alias.source}' ${what}`,
      `write '&${alias.source}' before the value that is meant`,
    )
    return { kind: 'scalar', value: null, raw: '', span }
  }

  #weighed<T extends Node>(node: T, children: readonly Node[]): T {
    let weight = 1
    for (const child of children) weight += this.#weights.get(child) ?? 1
    if (weight > limits.nodes)
      throw new PosadaError(
        'E_MANIFEST_TOO_LARGE',
        `the manifest expands to more than ${limits.nodes} values`,
        {
          value: this.#source.file,
          place: placeOf(node.span),
          hint: 'use fewer aliases (*name)',
        },
      )
    this.#weights.set(node, weight)
    return node
  }

  #span(node: YamlNode): Span {
    const [start, end] = node.range ?? [0, 0]
    return { source: this.#source, start, end }
  }

  #problem(span: Span, message: string, hint: string): void {
    this.#report({ code: 'E_YAML', message, span, hint })
  }
}
