import type { StoredBox } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { identityOf, type MachineState, machineId, type Snapshot } from '../../project/index.ts'
import type { MachineSpec } from '../../provider/index.ts'
import { withToken } from '../identity/boot-token.ts'
import { hardwareOf } from '../memory/hardware.ts'

export interface Copying {
  snapshot: Snapshot
  /** The machine that it becomes. */
  config: Machine
  projectId: string
  hostName: string
  /** 8 hexadecimal digits; see MachineCopy. */
  token: string
  box: Pick<StoredBox, 'manifest'>
  /** ISO 8601; now. */
  at: string
  /** Whether it has nothing in memory, whatever the snapshot has. */
  cold: boolean
}

/**
 * What is recorded of a machine that begins as a copy of another at a snapshot: the same hardware under another id, with
 * other addresses, and no port of the host yet. Its paths are made where it is read. Pure.
 */
export function copiedState({ snapshot, cold, ...to }: Copying): MachineState {
  const { suspended: _, stop: __, start, networks: before, cloudInit, ...state } = snapshot.state
  const { config, at } = to
  const networks = before?.map((each) => ({
    ...each,
    ...config.networks.find(({ network }) => network === each.network),
  }))
  const memory = cold ? null : snapshot.memory
  const spec = copiedSpec(snapshot.state.spec, { ...to, networks: networks ?? [], boots: memory === null })
  return {
    ...state,
    spec,
    ports: [],
    ...(networks === undefined ? {} : { networks }),
    createdAt: at,
    provision: doneAlso(state.provision, config),
    copy: { of: snapshot.state.spec.name, token: to.token, due: true },
    ...{ restoring: snapshot.id, snapshot: snapshot.id },
    ...(memory === null
      ? firstBoot(cloudInit)
      : {
          ...(start === undefined ? {} : { start: { ...start, consoleFrom: 0 } }),
          ...(cloudInit === undefined ? {} : { cloudInit }),
          suspended: { ...memory, snapshot: snapshot.id, hardware: hardwareOf(spec) },
        }),
  }
}

/** Without the steps that each copy is to run for itself. */
function doneAlso(done: MachineState['provision'], { provision }: Machine): MachineState['provision'] {
  const again = provision.flatMap(({ name, onFork }) => (onFork === true ? [name] : []))
  return Object.fromEntries(Object.entries(done).filter(([name]) => !again.includes(name)))
}

/** cloud-init begins again for another machine. */
function firstBoot(cloudInit: MachineState['cloudInit']): Pick<MachineState, 'cloudInit'> {
  return cloudInit === undefined ? {} : { cloudInit: { userData: cloudInit.userData } }
}

function copiedSpec(
  spec: MachineSpec,
  {
    config,
    projectId,
    networks,
    boots,
    ...to
  }: Omit<Copying, 'snapshot' | 'cold'> & { networks: { mac: string }[]; boots: boolean },
): MachineSpec {
  const id = machineId(projectId, config.name)
  const { uuid, mac } = identityOf(id)
  const inside = [...networks]
  return {
    ...spec,
    ...{ id, uuid, name: config.name },
    boot: copiedBoot(spec.boot, to),
    nics: spec.nics.map((nic) =>
      nic.kind === 'user'
        ? // Behind it is a network of the machine's own, and what was saved of that knows this address.
          { ...nic, mac: boots ? mac : nic.mac, forwards: [] }
        : { ...nic, mac: inside.shift()?.mac ?? nic.mac },
    ),
  }
}

function copiedBoot(
  boot: MachineSpec['boot'],
  { hostName, token, box }: Pick<Copying, 'hostName' | 'token' | 'box'>,
): MachineSpec['boot'] {
  if (boot.kind !== 'kernel') return boot
  const plain = boot.cmdline.replaceAll(/ posada\.(?:hostname|key|identity)=\S+/g, '')
  return withToken({ ...boot, cmdline: `${plain} posada.hostname=${hostName}` }, box, { token })
}
