import { basename, relative, resolve } from 'node:path'
import type { Limits } from '../lib/values/limits.ts'
import type { Checked, CheckedMachine } from './checked.ts'
import type { Machine, Manifest } from './model.ts'
import { resolveNetworks } from './resolve-networks.ts'
import type { BoxPlace } from './schema/places.ts'
import type { occasions } from './schema/step.ts'
import { validName } from './schema/text.ts'
import type { Located } from './schema/types.ts'
import {
  type Disk,
  type DiskUse,
  type Hook,
  type HookVerb,
  hookVerbs,
  type MountedFolder,
  type ReadyProbe,
  type SyncedFolder,
  type WrittenStep,
} from './shapes.ts'
import { nearestEntry } from './source/merge.ts'
import { entrySpan } from './source/node.ts'
import { placeOf } from './source/source.ts'

/** Makes the model of a manifest without problems: defaults are in it, relative paths are laid on the root. */
export function resolveManifest(where: { file: string; root: string }, checked: Checked): Manifest {
  const name = checked.name ?? validName(basename(where.root)) ?? 'project'
  const { networks, attachments } = resolveNetworks(name, checked)
  const machines = checked.machines.map((machine) => ({
    ...resolveMachine(machine, where.root),
    networks: attachments.get(machine.name) ?? [],
  }))
  const { host, catalogues, boxes } = checked
  const elsewhere = host === undefined ? {} : { host }
  return { ...where, name, ...elsewhere, catalogues, boxes: Object.fromEntries(boxes), networks, machines }
}

function resolveMachine(machine: CheckedMachine, root: string): Omit<Machine, 'networks'> {
  const { name, group, values, node, owner } = machine
  const disks = values.disks ?? []
  return {
    name,
    group,
    box: boxFromRoot(known(values.box).from, root),
    boxTerms: known(values.box).terms,
    provider: known(values.provider),
    providers: plain(values.providers, (options) => plain(options, (option) => option)),
    arch: known(values.arch),
    guest: known(values.guest),
    cpus: known(values.cpus),
    memory: known(values.memory).max,
    memoryMin: known(values.memory).min,
    disk: values.disk ?? null,
    disks: disks.map(resolveDisk),
    diskUses: disks.flatMap(resolveUse).sort((a, b) => (a.mount ?? '').length - (b.mount ?? '').length),
    keptDisks: disks.flatMap(({ value }) => (value.keep === true ? known(value.name) : [])),
    warm: known(values.warm),
    nested: known(values.nested),
    display: values.display ?? null,
    limits: limitsOf(values.limits),
    dependsOn: machine.dependsOn.map(({ value }) => value),
    autoPorts: values.ports?.auto ?? false,
    hostAccess: values.host_access ?? [],
    ports: machine.ports.map(({ value }) => value),
    env: texts(values.env),
    provision: steps(values.provision ?? [], root),
    sync: (values.sync ?? []).filter((item) => !isMount(item)).map(resolveFolder),
    mounts: (values.sync ?? []).filter(isMount).map(resolveMount),
    hooks: { before: hooksOf(values.hooks?.before), after: hooksOf(values.hooks?.after) },
    ready: (values.ready ?? []).map(resolveProbe),
    cloudInit: values.cloud_init ?? null,
    bootTimeout: known(values.boot_timeout),
    haltTimeout: known(values.halt_timeout),
    place: (...path) => {
      const found = nearestEntry(node, path)
      if (found === undefined) return placeOf(owner)
      return placeOf('key' in found ? entrySpan(found) : found.span)
    },
  }
}

type Values = CheckedMachine['values']

function limitsOf(written: Values['limits']): Limits {
  const { disk, network } = written ?? {}
  return {
    disk: { iops: disk?.iops ?? null, bandwidth: disk?.bandwidth ?? null },
    network: { bandwidth: network?.bandwidth ?? null },
  }
}

type WrittenDisk = NonNullable<Values['disks']>[number]

function resolveDisk({ value, node }: WrittenDisk): Disk {
  return { name: known(value.name), size: known(value.size), place: placeOf(node.span) }
}

function resolveUse({ value, node }: WrittenDisk): DiskUse[] {
  const { mount = null } = value
  const [name, filesystem, format] = [known(value.name), known(value.filesystem), known(value.format)]
  if (mount === null && filesystem !== 'swap') return []
  return [{ name, filesystem, mount, format, place: placeOf(node.span) }]
}

type Step = NonNullable<Values['provision']>[number]

function steps(written: readonly Step[], root: string): WrittenStep[] {
  const taken = new Set(written.flatMap(({ value }) => value.name ?? []))
  return written.map((step, index) => {
    // A step may have been given the name that another would get by its number.
    let name = step.value.name ?? `step-${index + 1}`
    while (step.value.name === undefined && taken.has(name)) name = `${name}-`
    return resolveStep(step, name, root)
  })
}

function resolveStep({ value, node }: Step, name: string, root: string): WrittenStep {
  const { shell, file, ansible, puppet, uses } = value
  const base = {
    name,
    ...(value.on === undefined ? { run: known(value.run) } : runOn(value.on.map((each) => each.value))),
    retries: known(value.retries),
    reboot: known(value.reboot),
    ...(value.cache === true ? { cache: true } : {}),
    timeout: value.timeout ?? null,
    place: placeOf(node.span),
  }
  if (shell !== undefined) {
    const args = (value.args ?? []).map((each) => each.value)
    const { user = 'root' } = value
    const sensitive = plain(value.sensitive, (place) => place)
    return { ...base, kind: 'shell', source: shell, args, env: texts(value.env), sensitive, user }
  }
  if (ansible !== undefined) {
    const { playbook, groups = [], via = null } = ansible
    const vars = plain(ansible.vars, (each) => each)
    return { ...base, kind: 'ansible', playbook, groups: groups.map((each) => each.value), vars, via }
  }
  if (puppet !== undefined)
    return { ...base, kind: 'puppet', manifest: puppet.manifest, facts: texts(puppet.facts) }
  if (uses !== undefined)
    return { ...base, kind: 'uses', uses, with: plain(value.with, (each) => each), root }
  const { from, content, to, mode, owner, group } = known(file)
  return {
    ...base,
    kind: 'file',
    source: content !== undefined ? { content } : { path: known(from) },
    to: known(to),
    mode: mode ?? null,
    owner: owner ?? null,
    group: group ?? null,
  }
}

/** What a list of occasions comes to: every `up` is all of them, and a step that never ran has changed. */
function runOn(on: readonly (typeof occasions)[number][]): Pick<WrittenStep, 'run' | 'onResume' | 'onFork'> {
  const [first = 'never'] = (['up', 'change', 'create'] as const).filter((each) => on.includes(each))
  const runs = { up: 'always', change: 'changed', create: 'once', never: 'never' } as const
  return {
    run: runs[first],
    ...(on.includes('resume') ? { onResume: true } : {}),
    ...(on.includes('fork') ? { onFork: true } : {}),
  }
}

type Around = NonNullable<NonNullable<Values['hooks']>['before']>

function hooksOf(around: Around | undefined): Record<HookVerb, Hook[]> {
  const of = (verb: HookVerb): Hook[] =>
    (around?.[verb] ?? []).map(({ value, node }) => ({
      run: known(value.run),
      in: known(value.in),
      timeout: known(value.timeout),
      onError: value.on_error ?? (verb === 'halt' || verb === 'destroy' ? 'warn' : 'fail'),
      place: placeOf(node.span),
    }))
  return Object.fromEntries(hookVerbs.map((verb) => [verb, of(verb)])) as Record<HookVerb, Hook[]>
}

function resolveProbe({ value, node }: NonNullable<Values['ready']>[number]): ReadyProbe {
  const { tcp, http, shell, console, hint, interval, timeout } = value
  const base = {
    hint: hint ?? null,
    interval: known(interval),
    timeout: known(timeout),
    place: placeOf(node.span),
  }
  if (tcp !== undefined) return { ...base, kind: 'tcp', port: tcp }
  if (http !== undefined) return { ...base, kind: 'http', ...http }
  if (shell !== undefined) return { ...base, kind: 'shell', script: shell }
  return { ...base, kind: 'console', text: known(console) }
}

type Folder = NonNullable<Values['sync']>[number]

function isMount({ value }: Folder): boolean {
  return value.type === 'mount'
}

function resolveMount({ value, node }: Folder): MountedFolder {
  const { from, to, read_only: readOnly } = value
  const place = placeOf(node.span)
  return { from: known(from), to: known(to), type: 'mount', readOnly: known(readOnly), place }
}

function resolveFolder({ value, node }: Folder): SyncedFolder {
  return {
    from: known(value.from),
    to: known(value.to),
    type: value.type === 'once' ? 'once' : 'mirror',
    exclude: (value.exclude ?? []).map((pattern) => pattern.value),
    gitignore: known(value.gitignore),
    git: known(value.git),
    merge: known(value.merge),
    place: placeOf(node.span),
  }
}

/** A path of a box is relative to the root, whichever file it stands in: so it stands in posada.lock. */
function boxFromRoot({ written, folder }: BoxPlace, root: string): string {
  if (!/^\.{1,2}\//.test(written) || folder === root) return written
  const path = relative(root, resolve(folder, written))
  return path.startsWith('../') ? path : `./${path}`
}

function texts(values: Map<string, Located<string>> | undefined): Record<string, string> {
  return plain(values, (value) => value)
}

function plain<T, R>(values: Map<string, Located<T>> | undefined, read: (value: T) => R): Record<string, R> {
  return Object.fromEntries([...(values ?? [])].map(([key, { value }]) => [key, read(value)]))
}

/** A value that the check has made sure of. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the manifest was checked, and yet a value is missing')
  return value
}
