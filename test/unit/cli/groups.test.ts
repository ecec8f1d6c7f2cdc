import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { foreignCommands } from '../../../src/cli/foreign-commands.ts'
import { commandGroups, inGroups } from '../../../src/cli/groups.ts'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import { foreignKeyHint, foreignKeys } from '../../../src/manifest/schema/foreign-keys.ts'
import { loadCommands } from '../../../tools/command-reference.ts'
import { wrongIn } from '../../helpers/command-words.ts'

const all = await loadCommands()
const shown = all.filter(({ hidden }) => hidden !== true).map(({ id }) => id)
const grouped = commandGroups.flatMap(({ commands }) => commands)

test('every command is in one group', () => {
  expect([...grouped].sort()).toEqual([...shown].sort())
  expect(inGroups(['up', 'teleport', 'box list'])).toEqual([
    { title: 'Life', commands: ['up'] },
    { title: 'Boxes', commands: ['box list'] },
    { title: 'More', commands: ['teleport'] },
  ])
})

test('every command has examples, and they are right', () => {
  const without = all.filter(({ hidden, examples }) => hidden !== true && (examples ?? []).length === 0)
  expect(without.map(({ id }) => id)).toEqual([])
})

test('the README has the groups and their commands, in this order', () => {
  const [, section = ''] = readFileSync(join(packageRoot(), 'README.md'), 'utf8').split('\n## Commands\n')
  const rows = [...section.matchAll(/^\| (?:\*\*(\w+)\*\* )?\| (.+?) \| .+ \|$/gm)]
  const named = rows.flatMap(([, , names = '']) =>
    [...names.matchAll(/`posada ([a-z -]+)`/g)].map(([, name]) => name),
  )
  expect(named).toEqual(grouped)
  expect(rows.flatMap(([, title]) => (title === undefined ? [] : [title]))).toEqual(
    commandGroups.map(({ title }) => title),
  )
})

test('another tool’s name for it is not a command here, and the one named instead is', () => {
  expect(foreignCommands.flatMap(({ words }) => words).filter((word) => shown.includes(word))).toEqual([])
  expect(
    foreignCommands.map(({ ours }) => wrongIn(ours, all, false)).filter((problem) => problem !== null),
  ).toEqual([])
})

test('a key of another tool leads to ours only where we have it', () => {
  expect(foreignKeyHint('synced_folder', ['sync', 'ports'])).toBe("did you mean 'sync'?")
  expect(foreignKeyHint('synced_folder', ['ports'])).toBeUndefined()
  expect(foreignKeyHint('env_file', [])).toBe(
    'here that is a .env file beside the manifest, and ${NAME} in env',
  )
  expect(foreignKeyHint('box', ['box'])).toBeUndefined()
  const words = foreignKeys.flatMap((one) => one.words)
  expect(new Set(words).size).toBe(words.length)
})
