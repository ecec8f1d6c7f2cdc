import { PosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { validName, withCopies } from '../../manifest/index.ts'
import { ensureIdentity, readSnapshots, type Snapshot } from '../../project/index.ts'
import { inStep } from '../in-step.ts'
import { look } from '../observed/look.ts'
import type { Places, Project, Providing } from '../project.ts'
import { selectMachines, theOnly } from '../select.ts'
import { withLocks } from '../snapshot/locked.ts'
import { byName, unknownSnapshot } from '../snapshot/names.ts'
import type { RestoredResult } from '../snapshot-results.ts'
import { noteProject } from '../up/note-project.ts'
import { up } from '../up.ts'
import { checkClone } from './check-clone.ts'
import { makeClone } from './make-clone.ts'

export interface CloneOptions {
  snapshot: string
  /** The machine that was saved; none: the only one. */
  machines: readonly string[]
  /** The name of the copy. */
  as: string
  /** Whether it is left stopped, with the disks alone. */
  cold: boolean
}

/**
 * Makes a machine of its own of a snapshot of another one, in the same project and on the same networks, and lets it go on
 * from its memory where there is one. E_COPY_EXISTS where a machine has its name, unless the manifest does and it was not
 * made yet.
 */
export async function cloneMachine(
  project: Project,
  { snapshot: name, machines, as, cold }: CloneOptions,
): Promise<RestoredResult> {
  const { name: of } = theOnly(selectMachines(project.manifest, machines), machines[0])
  if (validName(as) !== as)
    throw new PosadaError('E_USAGE', `'${as}' cannot be the name of a machine`, { value: as, hint })
  const declared = project.manifest.machines.some((each) => each.name === as)
  const manifest = declared ? project.manifest : withCopies(project.manifest, [{ name: as, of }])
  const config = manifest.machines.find((each) => each.name === as)
  if (config === undefined)
    throw new PosadaError('E_ADDRESS_CLASH', `a network of ${of} has no address left for ${as}`, {
      value: as,
      machine: of,
    })
  const wider = { ...project, manifest }
  const { id: projectId } = await ensureIdentity(project.paths)
  await noteProject(wider, projectId)
  const sleeps = await withLocks(project, [of, as], async () => {
    const from = project.paths.machine(of)
    const snapshot = await findSnapshot(project, of, name)
    await refuseMade(project, as)
    if (!cold) await checkClone(project, of, snapshot)
    await inStep(project.emit, { machine: as, step: 'clone', message: `copying ${name} of ${of}` }, () =>
      makeClone(wider, { from, snapshot, config, projectId, cold }),
    )
    return !cold && snapshot.memory !== null
  })
  if (sleeps) await up(wider, { machines: [as], provision: false, alone: true })
  return { machine: as, name, state: sleeps ? 'running' : 'stopped' }
}

const hint = 'a letter, then letters, digits and dashes; 63 characters at most'

/** What a copy left that was cut short is not a machine. */
async function refuseMade(project: Places & Providing, name: string): Promise<void> {
  const { previous, error } = await look(project, name)
  const isKept = await exists(project.paths.machine(name).keptDisks)
  if (previous === null && error === null && !isKept) return
  throw new PosadaError(
    'E_COPY_EXISTS',
    `there is a machine ${name} already${isKept ? ', or what it left' : ''}`,
    {
      value: name,
      hint: `choose another name, or posada destroy ${isKept ? '--disks ' : ''}${name}`,
    },
  )
}

async function findSnapshot({ paths }: Places, machine: string, name: string): Promise<Snapshot> {
  const failures: unknown[] = []
  const snapshots = await readSnapshots(paths.machine(machine), (error) => failures.push(error))
  const snapshot = byName(snapshots, name)
  if (snapshot !== undefined) return snapshot
  if (failures.length > 0) throw failures[0]
  throw unknownSnapshot(
    name,
    snapshots.map((each) => each.name),
    machine,
  )
}
