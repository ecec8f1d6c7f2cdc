import { basename } from 'node:path'
import { withContext } from '../errors/index.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import type { WebAddress } from '../lib/net/web-address.ts'
import { isRoot } from './documents.ts'
import { limits } from './limits.ts'
import type { Problem } from './problems.ts'
import { projectFields } from './schema/manifest-schema.ts'
import type { Context } from './schema/types.ts'
import { type Entry, isNull, type MapNode } from './source/node.ts'
import { parseYaml } from './source/parse-yaml.ts'
import { placeOf, type Source } from './source/source.ts'

/** Where a base manifest is: an absolute path, or an address. */
export type BasePlace = { path: string } | WebAddress

export interface BaseAccess {
  context: Context
  /** Absolute path of posada.yaml. */
  file: string
  /** What is at a place: null where there is no such file, undefined after reporting. */
  read(place: BasePlace): Promise<Source | null | undefined>
}

/**
 * The manifests that `extends` leads to, the nearest first, without that key. Undefined after reporting one
 * that is missing or no manifest, a circle, or more than `limits.bases`. What `read` throws gets the place of
 * the `extends`.
 */
export async function readBases(
  first: Entry | undefined,
  { context, file, read }: BaseAccess,
): Promise<MapNode[] | undefined> {
  const bases: MapNode[] = []
  const seen = [file]
  for (let entry = first; entry !== undefined && !isNull(entry.value); ) {
    const { value, keySpan } = entry
    const place = projectFields.extends.schema.check(value, context, keySpan)
    if (place === undefined) return undefined
    const at = 'path' in place ? place.path : place.url
    const shown = shownPlace(at)
    const refuse = (problem: Pick<Problem, 'message' | 'hint'>) =>
      context.report({ code: 'E_EXTENDS', span: value.span, value: shown, ...problem })
    if (seen.includes(at)) return void refuse(circle([...seen.slice(seen.indexOf(at)), at]))
    if (bases.length === limits.bases) return void refuse(tooMany)
    seen.push(at)
    const source = await read(place).catch((error: unknown) => {
      throw withContext(error, { place: placeOf(value.span) })
    })
    if (source === null) return void refuse(missing(shown))
    const base = source === undefined ? undefined : parseBase(source, context)
    if (base === undefined) return undefined
    if (base === 'empty') return void refuse(empty(shown))
    const entries = new Map(base.entries)
    entry = entries.get('extends')
    entries.delete('extends')
    bases.push({ ...base, entries })
  }
  return bases
}

/** Undefined after reporting. */
function parseBase(source: Source, context: Context): MapNode | 'empty' | undefined {
  let sound = true
  const report = (problem: Problem) => {
    sound = false
    context.report(problem)
  }
  const node = parseYaml(source, report)
  if (!sound) return undefined
  if (node === undefined || isNull(node)) return 'empty'
  if (!isRoot(node, report)) return undefined
  // Once it is merged only the version of posada.yaml is seen.
  const version = node.entries.get('version')
  if (version !== undefined)
    projectFields.version.schema.check(version.value, { ...context, report }, version.keySpan)
  return sound ? node : undefined
}

function shownPlace(at: string): string {
  return at.startsWith('/') ? at : shownUrl(at)
}

function circle(places: readonly string[]) {
  const names = places.map((at) => basename(shownPlace(at)))
  return {
    message:
      names.length === 2
        ? `${names[0]} extends itself`
        : `manifests extend each other in a circle: ${names.join(' → ')}`,
    hint: "remove one of the 'extends:'",
  }
}

const tooMany = {
  message: `more than ${limits.bases} manifests extend each other`,
  hint: 'put several of them into one',
}

function missing(shown: string) {
  return { message: `there is no file ${shown}`, hint: 'the path is relative to the file that names it' }
}

function empty(shown: string) {
  return {
    message: `the base manifest ${shown} is empty`,
    hint: 'remove the line, or put something into the file',
  }
}
