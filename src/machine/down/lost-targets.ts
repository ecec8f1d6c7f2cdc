import { findRuntimeDir, identityOf, machineId, readIdentity, unlessDamaged } from '../../project/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import type { Declared, Places, Providing } from '../project.ts'

/** A machine as a provider finds it. */
export interface Target {
  provider: Provider
  spec: MachineSpec
}

/**
 * What providers may still have of a machine whose state cannot be read. Its id follows from the project's and its
 * name, and a provider finds a machine's process by that alone. Null where the project's identity is gone as well:
 * no one can tell then.
 */
export async function lostTargets(
  project: Declared & Places & Providing,
  name: string,
): Promise<Target[] | null> {
  const identity = await unlessDamaged(readIdentity(project.paths))
  if (identity === null) return null
  const id = machineId(identity.id, name)
  const spec = skeleton(project, name, { id, runtimeDir: await findRuntimeDir(project.user, id) })
  return (await candidates(project, name)).map((provider) => ({ provider, spec }))
}

async function candidates(project: Declared & Providing, name: string) {
  const wanted = project.manifest.machines.find((machine) => machine.name === name)?.provider ?? 'auto'
  return wanted === 'auto' ? project.providers.builtIn() : [await project.providers.get(wanted)]
}

/** Enough of a spec to find a machine by; it cannot be started. */
function skeleton(
  project: Places,
  name: string,
  { id, runtimeDir }: { id: string; runtimeDir: string },
): MachineSpec {
  const paths = project.paths.machine(name)
  return {
    id,
    name,
    uuid: identityOf(id).uuid,
    arch: 'x86_64',
    cpus: 1,
    memory: 2 ** 20,
    nested: false,
    boot: { kind: 'firmware', firmware: 'bios' },
    disks: [],
    nics: [],
    files: {
      dataDir: paths.data,
      runtimeDir,
      consoleLog: paths.consoleLog,
      providerLog: paths.providerLog,
    },
    options: {},
  }
}
