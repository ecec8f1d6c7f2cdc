/** Imports a module that is not part of the program, by its URL. In dist/ this is a file of its own: tools/packages-apart.js. */
export function importModule(url: string): Promise<unknown> {
  return import(url)
}
