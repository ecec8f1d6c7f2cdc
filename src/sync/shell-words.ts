import { quote } from '../ssh/index.ts'

/** Bytes of names that one command takes: Linux allows an eighth of the stack, 1 MiB, and some have less. */
const argumentBytes = 100_000

/** Words for commands, a line each, none with more than fit. Paths are relative to the folder. */
export function inCommands(paths: readonly string[]): string[] {
  return chunks(paths, (path) => quote(path === '.' ? path : `./${path}`))
}

/** Words for one command. */
export function words(paths: readonly string[]): string {
  return paths.map((path) => quote(`./${path}`)).join(' ')
}

/** Words of this form for commands, a line each, none with more than fit. */
export function chunks(paths: readonly string[], word: (path: string) => string): string[] {
  const found: string[] = []
  let line: string[] = []
  let size = 0
  for (const path of paths) {
    const next = word(path)
    if (size + next.length > argumentBytes && line.length > 0) {
      found.push(line.join(' '))
      line = []
      size = 0
    }
    line.push(next)
    size += next.length + 1
  }
  if (line.length > 0) found.push(line.join(' '))
  return found
}
