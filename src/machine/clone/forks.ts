import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { nearest } from '../../lib/text/suggest.ts'
import { type Manifest, withMovedPorts } from '../../manifest/index.ts'
import { forkFile, type ProjectPaths } from '../../project/index.ts'

/** Of a folder that is somebody's claim as long as it is not looked at. */
const pattern = /^[a-z][a-z0-9-]{0,62}$/

/** Names of a project's forks, without such as are not whole. */
export async function forksOf({ forks }: Pick<ProjectPaths, 'forks'>): Promise<string[]> {
  const names = (await namesIn(forks)).filter((name) => pattern.test(name)).sort()
  const whole = await Promise.all(names.map((name) => exists(forkFile(join(forks, name)))))
  return names.filter((_, index) => whole[index])
}

/** The folder of a fork. E_FORK_UNKNOWN, also for one whose making was cut short. */
export async function findFork(paths: Pick<ProjectPaths, 'forks'>, name: string): Promise<string> {
  const known = await forksOf(paths)
  if (known.includes(name)) return join(paths.forks, name)
  const near = nearest(name, new Set(known))
  throw new PosadaError('E_FORK_UNKNOWN', `the project has no fork ${name}`, {
    value: name,
    hint: near === undefined ? `posada fork --name ${name} makes it` : `did you mean ${near}?`,
  })
}

/** Takes away what a fork left whose making was cut short: none of its machines was started. The project's lock is held. */
export async function sweepForks(paths: Pick<ProjectPaths, 'forks'>): Promise<void> {
  const whole = new Set(await forksOf(paths))
  for (const name of await namesIn(paths.forks))
    if (!whole.has(name)) await rm(join(paths.forks, name), { recursive: true, force: true })
}

/** The manifest of a fork: all is as it is, but the ports of the host are the project's own. Pure. */
export function asFork(manifest: Manifest): Manifest {
  return { ...manifest, machines: manifest.machines.map(withMovedPorts) }
}
