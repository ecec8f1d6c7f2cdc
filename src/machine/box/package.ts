import { packBox, type StoredBox } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { type MachineState, readState } from '../../project/index.ts'
import { isUp, type Provider } from '../../provider/index.ts'
import { windUp } from '../down/wind-up.ts'
import { isBoxDisk } from '../facts/disk-names.ts'
import { requireLogin } from '../facts/guest-kind.ts'
import { madeFrom } from '../facts/made-from.ts'
import { requireOwnDisks } from '../facts/own-disks.ts'
import { notCreated } from '../guest/session.ts'
import { inStep } from '../in-step.ts'
import { withMachineLock } from '../machine-lock.ts'
import type { Locking, Places, Project } from '../project.ts'
import { selectOne } from '../select.ts'
import { cleanShadow } from './package/clean.ts'
import { discardShadow, makeShadow } from './package/shadow.ts'

export interface PackageOptions {
  /** The only machine where none is named. */
  machine: string | undefined
  /** `local/<machine>` where absent. */
  name?: string | undefined
  /** The day and a number where absent. */
  version?: string | undefined
  /** Replaces a box of the same name and version. */
  force: boolean
  /** Puts the kernel that the guest runs into the box, which then boots without firmware. */
  withKernel?: boolean
  /** Asked, with the machine's lock held, before one that runs is shut down; throws where it is not to be. */
  beforeHalt?: (machine: string) => Promise<void>
}

export interface Packaged {
  box: StoredBox
  machine: string
  /** Whether it ran and was shut down for this. */
  halted: boolean
}

/**
 * Makes a box of a machine and puts it in the store. The machine is shut down where it runs, and is never
 * changed otherwise: what must not be in a box is taken away in a copy of it that is started for this. Cut
 * short anywhere, it leaves the copy, which the next command on the machine takes away.
 */
export async function packageMachine(project: Project, options: PackageOptions): Promise<Packaged> {
  const config = selectOne(project.manifest, options.machine)
  const { name: machine } = config
  return withMachineLock(project, machine, async () => {
    const state = await readState(project.paths.machine(machine))
    if (state !== null) requireLogin(machine, state)
    if (state?.createdAt === undefined || !state.login.ownKey) throw notCreated(machine)
    if (state.suspended !== undefined) throw isSuspended(machine)
    const box = await madeFrom(project, state)
    const provider = await project.providers.get(state.provider)
    requireOwnDisks(provider, machine)
    await discardShadow(project, machine)
    const halted = isUp(await provider.status(state.spec))
    if (halted) {
      await options.beforeHalt?.(machine)
      await shutDown(project, { config, provider, state })
    }
    const own = state.spec.disks.filter((disk) => !isBoxDisk(disk)).map(({ name }) => name)
    if (own.length > 0) {
      const message = `not in the box, which has the disks of the machine's box only: disk ${own.join(', ')}`
      project.emit({ type: 'notice', level: 'warn', machine, message })
    }
    try {
      const step = { machine, step: 'disks', message: 'copying its disks' }
      const shadow = await inStep(project.emit, step, () => makeShadow(project, { config, provider, state }))
      const withKernel = options.withKernel === true && box.manifest.kernel === undefined
      const kernel = await cleanShadow(project, shadow, { box, bootTimeout: config.bootTimeout, withKernel })
      const packed = await inStep(project.emit, { machine, step: 'box', message: 'writing the box' }, () =>
        packBox({
          store: project.boxes.dir,
          original: box,
          disks: shadow.state.spec.disks.map(({ path }) => path),
          user: state.login.user,
          name: options.name ?? `local/${machine}`,
          ...(options.version === undefined ? {} : { version: options.version }),
          force: options.force,
          kernel,
          signal: project.signal,
        }),
      )
      return { box: packed, machine, halted }
    } finally {
      await discardShadow(project, machine)
    }
  })
}

/** Part of what its disks are to hold is in its memory. */
function isSuspended(machine: string): PosadaError {
  return new PosadaError('E_BOX_PACKAGE', `machine ${machine} is suspended`, {
    machine,
    value: 'suspended',
    hint: `posada resume ${machine}, then try again`,
  })
}

/** Its disks are whole only after a shutdown of its own. */
async function shutDown(
  project: Places & Locking,
  { config, provider, state }: { config: Machine; provider: Provider; state: MachineState },
): Promise<void> {
  const machine = config.name
  const stop = { graceful: true, timeout: config.haltTimeout, signal: project.signal }
  const { how, via } = await inStep(project.emit, { machine, step: 'halt', message: 'shutting down' }, () =>
    provider.stop(state.spec, stop),
  )
  await windUp(project, machine, { how, via })
  if (how !== 'forced') return
  throw new PosadaError('E_BOX_PACKAGE', `machine ${machine} did not shut down in time; its power was cut`, {
    machine,
    hint: `its disks may hold half-written files: run posada up ${machine}, find out why, then try again; halt_timeout: gives it more time`,
  })
}
