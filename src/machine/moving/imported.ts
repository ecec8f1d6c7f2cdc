import type { StoredBox } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachinePaths, MachineState, RecordedAttachment } from '../../project/index.ts'
import { machineSpec } from '../up/spec.ts'
import type { ExportedMachine } from './header.ts'

export interface Importing {
  exported: ExportedMachine
  id: string
  config: Machine
  /** What its disks lie on. */
  box: StoredBox
  paths: MachinePaths
  runtimeDir: string
  hostName: string
  networks: RecordedAttachment[]
  isolated: boolean
  hasNetwork: boolean
}

/**
 * What is recorded of a machine that came in an archive and has not run here. Its hardware is that of the manifest: of what
 * the archive says, only what is true of its disks is taken. Pure.
 */
export function importedState({ exported, hasNetwork, networks, ...to }: Importing): MachineState {
  const { cloudInit } = exported
  const root = [...exported.disks.values()][0] ?? 0
  const made = machineSpec({
    ...to,
    networks,
    grown: root,
    forwards: hasNetwork ? [] : null,
    provider: exported.provider,
  })
  const cmdline = exported.memory?.cmdline
  // What its guest was booted with: this and the hardware have to be the same where it goes on.
  const boot = made.boot.kind === 'kernel' && cmdline !== undefined ? { ...made.boot, cmdline } : made.boot
  const spec = { ...made, boot }
  return {
    version: 1,
    provider: exported.provider,
    ...claimedBox(exported),
    guest: exported.guest,
    spec,
    login: { user: exported.user, ownKey: true },
    ...(cloudInit === undefined
      ? {}
      : {
          cloudInit: {
            userData: cloudInit.userData,
            ...(cloudInit.doneAt === undefined ? {} : { doneAt: cloudInit.doneAt }),
          },
        }),
    ports: [],
    ...(networks.length === 0 ? {} : { networks }),
    createdAt: exported.createdAt,
    ...(exported.keptDisks.length === 0 ? {} : { keptDisks: exported.keptDisks }),
    diskUses: Object.fromEntries(exported.diskUses),
    provision: Object.fromEntries(exported.provision),
  }
}

/** What its disks are said to lie on. Pure. */
export function claimedBox({
  box: { name, version, digest, source },
  layer,
}: ExportedMachine): Pick<MachineState, 'box' | 'layer'> {
  return {
    box: { name, version, digest, ...(source === undefined ? {} : { source }) },
    ...(layer === undefined ? {} : { layer }),
  }
}
