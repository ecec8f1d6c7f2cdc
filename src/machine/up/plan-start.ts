import { parseBoxSource, type StoredBox, sourceWithChecksum } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { type MachinePaths, type MachineState, machineId, runtimeDir } from '../../project/index.ts'
import { type Provider, sshForward } from '../../provider/index.ts'
import type { Layer } from '../cache/find-layer.ts'
import type { PlannedSeed } from '../cloud-init/seed.ts'
import type { DisksFound } from '../disks/look.ts'
import { hostNameOf } from '../facts/host-name.ts'
import { needsOf } from '../facts/needs.ts'
import { takesIdentity, withToken } from '../identity/boot-token.ts'
import { withLayers } from '../layers/chain.ts'
import { attachmentsOf, isIsolated } from '../network/config.ts'
import { portHolder } from '../ports/holder.ts'
import { choosePorts } from '../ports/host-ports.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'
import { overheadOf } from '../schedule/host-budget.ts'
import type { MemoryBudget } from '../schedule/memory-budget.ts'
import { sharesOf } from '../sync/mounts.ts'
import { withBootKey } from './boot-key.ts'
import { checkDemands } from './demands.ts'
import { machineSpec } from './spec.ts'

export interface StartInputs {
  projectId: string
  config: Machine
  provider: Provider
  memory: MemoryBudget
  /** What is known from earlier; null for a machine that does not exist yet. */
  previous: MachineState | null
  /** Whether it is made: what there is of it was left by a creation that was cut short. */
  isNew: boolean
  disks: DisksFound
  /** What a new machine's disks lie on in place of its box, and the steps that it has; left out: neither. */
  layer?: Layer | null
  /** Whether it boots, whatever warm images there are. Left out: false. */
  cold?: boolean
  /** The very box that a new machine is made from, whose user is noted; left out: what the manifest names. */
  box?: StoredBox
}

/** What is to be recorded. What cannot be is refused here, before anything but the machine's key is made. */
export async function planStart(
  project: Declared & Places & Providing & Reporting,
  {
    projectId,
    config,
    provider,
    memory,
    previous,
    isNew,
    disks: { kept: keptDisks },
    layer = null,
  }: StartInputs,
  { box, seed, paths }: { box: StoredBox; seed: PlannedSeed | null; paths: MachinePaths },
): Promise<MachineState> {
  const id = machineId(projectId, config.name)
  const others = project.manifest.machines.filter(({ name }) => name !== config.name)
  const hasNetwork = provider.capabilities().network !== false
  const { forwards, ports } = await choosePorts(
    hasNetwork ? config : { ...config, ports: [] },
    {
      ssh: previous === null ? undefined : sshForward(previous.spec)?.hostPort,
      ports: previous?.ports ?? [],
    },
    {
      others: others.flatMap((machine) => machine.ports.filter(({ auto }) => !auto)),
      holderOf: (port) => portHolder(project, port),
    },
  )
  const folder = runtimeDir(project.user.runtime, id)
  const networks = attachmentsOf(config.networks, folder)
  const isolated = isIsolated(project.manifest, config)
  // A seed brings the machine's own key with it.
  const login = previous?.login ?? { user: seed?.user ?? box.manifest.login.user, ownKey: seed !== null }
  const shares = await sharesOf(project, config, login.user)
  const bare = machineSpec({
    ...{ id, config, box, paths, runtimeDir: folder, networks, shares, isolated },
    hostName: hostNameOf(config, project.manifest.name),
    forwards: hasNetwork ? forwards : null,
    grown: previous?.createdAt === undefined ? 0 : (previous.spec.disks[0]?.size ?? 0),
    provider: provider.name,
  })
  const spec = { ...bare, disks: await withLayers(paths, bare.disks) }
  checkDemands(provider, config, needsOf(config, box.manifest, isolated))
  if (provider.capabilities().host !== undefined) memory.giveBack(config.name)
  else await memory.admit(config, await overheadOf(provider, spec))
  if (!hasNetwork) tellNoNetwork(project, config.name, provider.name)
  else if (config.hostAccess !== 'all' && provider.capabilities().hostAccess !== true)
    tellOpenHost(project, config.name, provider.name)
  for (const port of ports) {
    if (port.movedFrom === undefined || port.movedFrom === 0) continue
    const message = `port ${port.movedFrom} is in use; ${port.hostPort} leads to ${port.guestPort} instead`
    project.emit({ type: 'notice', level: 'info', machine: config.name, message })
  }
  const { digest, manifest } = layer?.original ?? box
  const { name, version } = manifest
  const source = previous?.box.source ?? sourceWithChecksum(parseBoxSource(config.box, '/'))
  const onLayer = layer?.box.digest ?? previous?.layer
  const boot = config.guest === 'other' ? spec.boot : await withBootKey(spec, { box, paths, login, isNew })
  const { copy } = previous ?? {}
  if (copy?.due === true && !takesIdentity(box)) tellSameIdentity(project, config.name, copy.of)
  return {
    version: 1,
    provider: provider.name,
    // A machine on a layer is still one of the box that the layer came from.
    box: previous?.layer === undefined ? { name, version, digest, source } : { ...previous.box, source },
    ...(onLayer === undefined ? {} : { layer: onLayer }),
    guest: config.guest,
    spec: { ...spec, boot: copy === undefined ? boot : withToken(boot, box, copy) },
    ports,
    ...(networks.length === 0 ? {} : { networks }),
    login,
    ...(seed === null ? {} : { cloudInit: { userData: seed.digest } }),
    ...(keptDisks.length === 0 ? {} : { keptDisks: [...keptDisks] }),
    provision: layer === null ? (previous?.provision ?? {}) : stepsOf(layer),
    ...historyOf(previous),
  }
}

function stepsOf({ steps }: Layer): MachineState['provision'] {
  const at = new Date().toISOString()
  return Object.fromEntries(steps.map(({ name, digest }) => [name, { digest, at }]))
}

function tellNoNetwork(project: Reporting, machine: string, provider: string): void {
  const message = `${provider} has no network on this host: the guest reaches nothing outside, and SSH goes over vsock`
  const hint = 'posada doctor says what is missing'
  project.emit({ type: 'notice', level: 'warn', machine, message, hint })
}

function tellOpenHost(project: Reporting, machine: string, provider: string): void {
  const message = `${provider} does not keep the guest off the loopback ports of this computer`
  const hint = 'host_access: true allows it'
  project.emit({ type: 'notice', level: 'warn', machine, message, hint })
}

function tellSameIdentity(project: Reporting, machine: string, of: string): void {
  const message = `its box cannot be told that it is a copy: it has the machine id and the host key of ${of}`
  project.emit({ type: 'notice', level: 'warn', machine, message })
}

/** What was stays true until the machine is started again: a start that fails before changes nothing. */
function historyOf(
  previous: MachineState | null,
): Pick<
  MachineState,
  'cloudInit' | 'createdAt' | 'start' | 'stop' | 'snapshot' | 'diskUses' | 'formatting' | 'copy'
> {
  if (previous === null) return {}
  const { cloudInit, createdAt, start, stop, snapshot, diskUses, formatting, copy } = previous
  return {
    ...(cloudInit === undefined || createdAt === undefined ? {} : { cloudInit }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(start === undefined ? {} : { start }),
    ...(stop === undefined ? {} : { stop }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(diskUses === undefined ? {} : { diskUses }),
    ...(formatting === undefined ? {} : { formatting }),
    ...(copy === undefined ? {} : { copy: { of: copy.of, token: copy.token } }),
  }
}
