import { isPosadaError } from '../../errors/index.ts'
import { machinesOnDisk, type ProjectPaths, projectPaths, readIndex, readState } from '../../project/index.ts'
import { forwardsOf, type PortForward } from '../../provider/index.ts'
import { isRunning } from '../observed/is-running.ts'
import type { Declared, Places, Providing } from '../project.ts'

/** A running machine of this user's that has a port of the host. */
export interface PortHolder {
  /** In words: `machine web of this project`. */
  text: string
  /** The command that frees the port. */
  halt: string
}

type HostPort = Pick<PortForward, 'protocol' | 'hostPort'>

/**
 * Which machine has a port, of this project or of another of this user's; null where none does, or none that can be
 * asked. The process that listens tells little: it is QEMU's or passt's, whoever's machine it is.
 */
export async function portHolder(
  project: Declared & Places & Providing,
  port: HostPort,
): Promise<PortHolder | null> {
  const own = await holderIn(project, project.paths, port)
  if (own !== null) {
    const isKnown = project.manifest.machines.some(({ name }) => name === own)
    const text = `machine ${own} of this project${isKnown ? '' : ', which the manifest no longer has'}`
    return { text, halt: `posada halt ${own}` }
  }
  for (const { root, name } of await readIndex(project.user.projects)) {
    if (root === project.paths.root) continue
    const found = await holderIn(project, projectPaths(root, project.user), port)
    if (found !== null)
      return { text: `machine ${found} of project ${name} (${root})`, halt: `posada halt ${found}, there` }
  }
  return null
}

async function holderIn(project: Providing, paths: ProjectPaths, port: HostPort): Promise<string | null> {
  for (const name of await machinesOnDisk(paths)) {
    const state = await readState(paths.machine(name)).catch((error: unknown) => {
      // Damaged, or not this user's: it says nothing of ports.
      if (isPosadaError(error)) return null
      throw error
    })
    const has = state !== null && forwardsOf(state.spec).some((each) => isSame(each, port))
    if (has && (await isRunning(project, state))) return name
  }
  return null
}

function isSame(a: HostPort, b: HostPort): boolean {
  return a.protocol === b.protocol && a.hostPort === b.hostPort
}
