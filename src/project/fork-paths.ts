import { basename, dirname, join } from 'node:path'

const inForks = join('.posada', 'forks')

/** Forks of a fork lie beside it. */
export function forksOf(root: string): string {
  return join(forkAt(root)?.of ?? root, inForks)
}

/** The fork that a project is, by its folder: the folder of the manifest, and its name; null: it is not one. Pure. */
export function forkAt(root: string): { of: string; name: string } | null {
  const forks = dirname(root)
  return forks.endsWith(`/${inForks}`) ? { of: dirname(dirname(forks)), name: basename(root) } : null
}

/** What tells a fork that is whole from one whose making was cut short. */
export function forkFile(fork: string): string {
  return join(fork, 'fork.json')
}
