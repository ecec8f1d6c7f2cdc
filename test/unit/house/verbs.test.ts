import { expect, test } from 'vitest'
import { declared, filesLike } from '../../helpers/house.ts'

// A verb has one name: `posada box add` is src/commands/box/add.ts, whose work is `addBox` in src/app/box/add.ts.

const commands = filesLike(/^src\/commands\/.*\.ts$/)
const work = new Map(
  filesLike(/^src\/(app|machine|cli|dashboard)\/.*\.ts$/).map(({ path, text }) => [path, text]),
)
/** Concerns neither machines nor boxes, or is a word that no function may have for its name. */
const elsewhere: Record<string, [file: string, name: string]> = {
  export: ['src/machine/export.ts', 'exportProject'],
  import: ['src/app/import.ts', 'importProject'],
  dashboard: ['src/dashboard/dashboard.ts', 'dashboard'],
  completion: ['src/cli/completion/scripts.ts', 'completionScript'],
}

test.each(commands.map(({ path }) => path.slice('src/commands/'.length, -'.ts'.length)))('%s', (verb) => {
  expect(functionsOf(verb)).not.toEqual([])
})

test('what has another name is not found', () => {
  expect([functionsOf('box/ad'), functionsOf('listt'), functionsOf('network/link')]).toEqual([[], [], []])
  expect(functionsOf('box/add')).toEqual(['addBox'])
})

/** The functions with the verb's name in the file with the verb's name: all of it, or with what it is done to. */
function functionsOf(verb: string): string[] {
  const [last = '', group] = verb.split('/').reverse()
  const name = last.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const rooms = ['src/machine', 'src/app']
  const [file, other] = elsewhere[verb] ?? []
  const files = [...rooms.flatMap((room) => [`${room}/${verb}.ts`, `${room}/${verb}/index.ts`]), file ?? '']
  const fits = (one: string) =>
    one === name ||
    one === other ||
    (group !== undefined && (new RegExp(`^${name}[A-Z]`).test(one) || one.toLowerCase() === group + name))
  return files.flatMap((path) => declared(work.get(path) ?? '')).filter(fits)
}
