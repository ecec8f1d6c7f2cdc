import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Action,
  type Entry,
  isSame,
  parentOf,
  reconcile,
  type Side,
} from '../../../src/sync/reconcile.ts'

type Tree = Map<string, Entry>

const file = (digest: string, mode = 0o644): Entry => ({ kind: 'file', mode, size: digest.length, digest })
const folder: Entry = { kind: 'folder', mode: 0o755, size: 0, digest: '' }

/** Names that are few, so that both sides often have the same. */
const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
const entry = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({ digest: fc.constantFrom('1', '2', '3'), mode: fc.constantFrom(0o644, 0o755) })
      .map(({ digest, mode }) => file(digest, mode)),
  },
  { weight: 1, arbitrary: fc.constant(folder) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('x', 'y')
      .map((digest): Entry => ({ kind: 'link', mode: 0o777, size: 1, digest })),
  },
)
const edits = fc.array(fc.tuple(path, fc.option(entry)), { maxLength: 8 })

/** A tree after edits, as a file system would have it: a folder for what lies below it, nothing below a file. */
function edited(tree: ReadonlyMap<string, Entry>, changes: readonly [string, Entry | null][]): Tree {
  const now: Tree = new Map(tree)
  for (const [at, to] of changes) {
    for (const other of [...now.keys()])
      if (to?.kind !== 'folder' && other.startsWith(`${at}/`)) now.delete(other)
    for (let up = parentOf(at); to !== null && up !== null; up = parentOf(up))
      if (now.get(up)?.kind !== 'folder') now.set(up, folder)
    if (to === null) now.delete(at)
    else now.set(at, to)
  }
  return now
}

function changed(ancestor: Tree, tree: Tree): Map<string, Entry | null> {
  const found = new Map<string, Entry | null>()
  for (const at of new Set([...ancestor.keys(), ...tree.keys()]))
    if (!isSame(ancestor.get(at) ?? null, tree.get(at) ?? null)) found.set(at, tree.get(at) ?? null)
  return found
}

function applied(sides: Record<Side, Tree>, actions: readonly Action[]): Record<Side, Tree> {
  const after = { host: new Map(sides.host), guest: new Map(sides.guest) }
  for (const action of actions) {
    if (action.do !== 'carry') continue
    if (action.entry === null) after[action.to].delete(action.path)
    else after[action.to].set(action.path, action.entry)
  }
  return after
}

const cases = fc
  .tuple(edits, edits, edits)
  .map(([first, ours, theirs]) => {
    const ancestor = edited(new Map(), first)
    return { ancestor, host: edited(ancestor, ours), guest: edited(ancestor, theirs) }
  })
  .map((sides) => {
    const actions = reconcile({
      ancestor: (at) => sides.ancestor.get(at) ?? null,
      host: changed(sides.ancestor, sides.host),
      guest: changed(sides.ancestor, sides.guest),
      frozen: new Set(),
    })
    const conflicts = new Set(actions.flatMap((action) => (action.do === 'conflict' ? [action.path] : [])))
    return { ...sides, actions, conflicts, after: applied(sides, actions) }
  })

function isIn(at: string, some: ReadonlySet<string>): boolean {
  for (let up: string | null = at; up !== null; up = parentOf(up)) if (some.has(up)) return true
  return false
}

test('both sides are equal in the end, conflicts and what is below them aside', () => {
  fc.assert(
    fc.property(cases, ({ after, conflicts }) => {
      const shown = (tree: Tree) => [...tree].filter(([at]) => !isIn(at, conflicts)).sort()
      expect(shown(after.host)).toEqual(shown(after.guest))
    }),
    { numRuns: 1000 },
  )
})

test('what a side changed is on a side in the end', () => {
  fc.assert(
    fc.property(cases, ({ ancestor, host, guest, after }) => {
      for (const tree of [host, guest])
        for (const [at, one] of tree) {
          if (ancestor.get(at)?.digest === one.digest || one.kind === 'folder') continue
          const kept = [after.host.get(at), after.guest.get(at)].some((other) => other?.digest === one.digest)
          expect({ at, kept }).toEqual({ at, kept: true })
        }
    }),
    { numRuns: 1000 },
  )
})

test('nothing is removed that was not seen as deleted against the ancestor', () => {
  fc.assert(
    fc.property(cases, ({ ancestor, host, guest, actions }) => {
      for (const action of actions) {
        if (action.do !== 'carry' || action.entry !== null) continue
        const [there, other] = action.to === 'host' ? [host, guest] : [guest, host]
        expect(isSame(there.get(action.path) ?? null, ancestor.get(action.path) ?? null)).toBe(true)
        expect(other.has(action.path)).toBe(false)
      }
    }),
    { numRuns: 1000 },
  )
})

test('what lies in something lies in a folder', () => {
  fc.assert(
    fc.property(cases, ({ after }) => {
      for (const tree of [after.host, after.guest])
        for (const at of tree.keys()) {
          const up = parentOf(at)
          if (up !== null) expect(tree.get(up)?.kind).toBe('folder')
        }
    }),
    { numRuns: 1000 },
  )
})

const decide = (
  ancestor: Record<string, Entry>,
  host: Record<string, Entry | null>,
  guest: Record<string, Entry | null>,
) =>
  reconcile({
    ancestor: (at) => ancestor[at] ?? null,
    host: new Map(Object.entries(host)),
    guest: new Map(Object.entries(guest)),
    frozen: new Set(),
  }).map((action) => [
    action.do,
    action.path,
    'to' in action ? action.to : '',
    'entry' in action ? (action.entry?.digest ?? null) : '',
  ])

test('a change outlives a deletion', () => {
  expect(decide({ f: file('1') }, { f: null }, { f: file('2') })).toEqual([['carry', 'f', 'host', '2']])
  expect(decide({ f: file('1') }, { f: file('2') }, { f: null })).toEqual([['carry', 'f', 'guest', '2']])
})

test('a deleted folder comes back for what is new in it', () => {
  const ancestor = { d: folder, 'd/f': file('1') }
  expect(decide(ancestor, { d: null, 'd/f': null }, { 'd/new': file('2') })).toEqual([
    ['carry', 'd', 'host', ''],
    ['carry', 'd/f', 'guest', null],
    ['carry', 'd/new', 'host', '2'],
  ])
})

test('a folder that one side made a file, and the other wrote into, is one conflict', () => {
  const ancestor = { d: folder, 'd/f': file('1') }
  expect(decide(ancestor, { d: file('9'), 'd/f': null }, { 'd/f': file('2') })).toEqual([
    ['conflict', 'd', '', ''],
  ])
})

test('of a mode and a content that were changed on two sides both are kept', () => {
  const actions = reconcile({
    ancestor: () => file('1'),
    host: new Map([['f', file('1', 0o755)]]),
    guest: new Map([['f', file('2')]]),
    frozen: new Set(),
  })
  expect(actions.map((action) => action.do === 'carry' && [action.to, action.entry])).toEqual([
    ['host', file('2', 0o755)],
    ['guest', file('2', 0o755)],
  ])
})

test('what cannot be carried is left alone, with all below it and the folder it lies in', () => {
  const actions = reconcile({
    ancestor: (at) => ({ d: folder, 'd/f': file('1'), 'd/p': folder, 'd/p/x': file('1') })[at] ?? null,
    host: new Map([
      ['d', null],
      ['d/f', null],
      ['d/p', null],
      ['d/p/x', null],
    ]),
    guest: new Map(),
    frozen: new Set(['d/p']),
  })
  expect(actions.map(({ path, ...action }) => [path, 'to' in action ? action.to : ''])).toEqual([
    ['d', 'host'],
    ['d/f', 'guest'],
  ])
})
