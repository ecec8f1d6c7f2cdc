import type { StoredBox } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { BoxSupply, Declared, Locking, Places } from '../project.ts'
import { findBox, forgetFound } from './find-box.ts'

const attempts = 3

/**
 * The box that a machine is made from (see `findBox`), noted in the store as its own before its state is written: from
 * then on it is not pruned or removed. One that went between being found and being noted is found again.
 */
export async function holdBox(
  project: Declared & Places & Locking & BoxSupply,
  { projectId, config, previous }: { projectId: string; config: Machine; previous: MachineState | null },
): Promise<StoredBox> {
  for (let attempt = 1; ; attempt++) {
    const box = await findBox(project, config, previous)
    const { name: machine } = config
    const store = previous?.layer === undefined ? project.boxes : project.layers
    await store.noteUser(box.digest, {
      ...{ id: projectId, project: project.manifest.name, root: project.paths.root, machine },
    })
    if ((await store.get(box.digest)) !== null) return box
    forgetFound(project)
    if (attempt === attempts) throw gone(config, box)
  }
}

function gone({ name: machine }: Machine, { manifest: { name, version } }: StoredBox): PosadaError {
  return new PosadaError(
    'E_BOX_MISSING',
    `the box ${name}@${version} was removed while ${machine} was being created`,
    { value: `${name}@${version}`, machine, hint: 'run the command again' },
  )
}
