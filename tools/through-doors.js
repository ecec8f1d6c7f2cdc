import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'

const IMPORT = /^import (?<type>type )?\{(?<names>[^}]*)\} from '(?<door>\.[^']*\/index\.ts)'/gm
const DYNAMIC = /const \{ (?<names>[\w, ]+) \} = await import\('(?<door>\.[^']*\/index\.ts)'\)/g
const EXPORT = /^export (?<type>type )?\{(?<names>[^}]*)\} from '(?<file>[^']+)'/gm

/**
 * An esbuild plugin: what the source imports from a room's door (src/ROOM/index.ts), the bundle imports from the
 * file behind it. esbuild keeps all that a door exports in the chunk of everyone who imports the door, and a
 * command shall load only what it needs: docs/decisions/start-time.md.
 */
export const throughDoors = {
  name: 'through-doors',
  setup(build) {
    build.onLoad({ filter: /\/(src|providers)\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: lookThrough(readFileSync(path, 'utf8'), dirname(path)),
    }))
  },
}

const doors = new Map()
const behind = (door) => doors.get(door) ?? doors.set(door, exportsOf(door)).get(door)

function lookThrough(source, folder) {
  const direct = (whole, { type = '', names, door }) => {
    const files = behind(resolve(folder, door))
    const wanted = list(names)
    if (!wanted.every((name) => files.has(exported(name)))) return whole
    return wanted
      .map((name) => `import ${type}{ ${name} } from '${specifier(folder, files.get(exported(name)))}'`)
      .join('; ')
  }
  const later = (whole, { names, door }) => {
    const files = behind(resolve(folder, door))
    const found = new Set(list(names).map((name) => files.get(name)))
    const [file] = found
    return found.size === 1 && file !== undefined ? whole.replace(door, specifier(folder, file)) : whole
  }
  return source
    .replace(IMPORT, (...match) => direct(match[0], match.at(-1)))
    .replace(DYNAMIC, (...match) => later(match[0], match.at(-1)))
}

/** Name → absolute path of the file that a door takes it from; only what is passed on under its own name. */
function exportsOf(door) {
  const found = new Map()
  for (const { groups } of readFileSync(door, 'utf8').matchAll(EXPORT))
    for (const name of list(groups.names))
      if (!name.includes(' as ')) found.set(exported(name), resolve(dirname(door), groups.file))
  return found
}

const list = (names) =>
  names
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)

const exported = (name) =>
  name
    .replace(/^type /, '')
    .split(' as ')[0]
    .trim()

const specifier = (folder, file) => `./${relative(folder, file)}`
