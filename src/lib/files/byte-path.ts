/** A path; in bytes where it is not UTF-8, which Linux does not ask of a name (path_resolution(7)). */
export type AnyPath = string | Buffer

/** What a function of text makes of a path; of bytes it sees each as a character, as node:path can. Pure. */
export function onPath(path: AnyPath, change: (text: string) => string): AnyPath {
  return typeof path === 'string' ? change(path) : Buffer.from(change(path.toString('latin1')), 'latin1')
}

/** A path below another, of names that may be bytes. Pure. */
export function below(folder: AnyPath, name: AnyPath): AnyPath {
  if (typeof folder === 'string' && typeof name === 'string') return `${folder}/${name}`
  return Buffer.concat([Buffer.from(folder as string), Buffer.from('/'), Buffer.from(name as string)])
}
