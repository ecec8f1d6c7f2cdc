import { basename, resolve } from 'node:path'
import type { Checked, CheckedMachine } from './checked.ts'
import type { Machine, Manifest, ProvisionStep, ReadyProbe } from './model.ts'
import { resolveNetworks } from './resolve-networks.ts'
import { validName } from './schema/text.ts'
import type { Located } from './schema/types.ts'
import { nearestEntry } from './source/merge.ts'
import { entrySpan } from './source/node.ts'
import { placeOf } from './source/source.ts'

/** Makes the model of a manifest without problems: defaults are in it, relative paths are laid on the root. */
export function resolveManifest(where: { file: string; root: string }, checked: Checked): Manifest {
  const name = checked.name ?? validName(basename(where.root)) ?? 'project'
  const catalogues = checked.catalogues.map((at) => (/^\.{0,2}\//.test(at) ? resolve(where.root, at) : at))
  const { networks, attachments } = resolveNetworks(name, checked)
  const machines = checked.machines.map((machine) => ({
    ...resolveMachine(machine, where.root),
    networks: attachments.get(machine.name) ?? [],
  }))
  const recipes = [...checked.boxes].map(([box, folder]) => [box, resolve(where.root, folder)])
  return { ...where, name, catalogues, boxes: Object.fromEntries(recipes), networks, machines }
}

function resolveMachine(machine: CheckedMachine, root: string): Omit<Machine, 'networks'> {
  const { name, group, values, node, owner } = machine
  return {
    name,
    group,
    box: known(values.box).from,
    boxTerms: known(values.box).terms,
    provider: known(values.provider),
    providers: plain(values.providers, (options) => plain(options, (option) => option)),
    arch: known(values.arch),
    cpus: known(values.cpus),
    memory: known(values.memory),
    disk: values.disk ?? null,
    nested: known(values.nested),
    dependsOn: machine.dependsOn.map(({ value }) => value),
    autoPorts: values.ports?.auto ?? false,
    ports: machine.ports.map(({ value }) => value),
    env: texts(values.env),
    provision: steps(values.provision ?? [], root),
    ready: (values.ready ?? []).map(resolveProbe),
    cloudInit: cloudInit(values.cloud_init, root),
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
type Step = NonNullable<Values['provision']>[number]

function steps(written: readonly Step[], root: string): ProvisionStep[] {
  const taken = new Set(written.flatMap(({ value }) => value.name ?? []))
  return written.map((step, index) => {
    // A step may have been given the name that another would get by its number.
    let name = step.value.name ?? `step-${index + 1}`
    while (step.value.name === undefined && taken.has(name)) name = `${name}-`
    return resolveStep(step, name, root)
  })
}

function resolveStep({ value, node }: Step, name: string, root: string): ProvisionStep {
  const { shell, file } = value
  const base = { name, run: known(value.run), timeout: value.timeout ?? null, place: placeOf(node.span) }
  if (shell !== undefined) {
    const args = (value.args ?? []).map((each) => each.value)
    const source =
      shell.inline !== undefined ? { inline: shell.inline } : { path: resolve(root, known(shell.path)) }
    return { ...base, kind: 'shell', source, args, env: texts(value.env), user: value.user ?? 'root' }
  }
  const { from, content, to, mode, owner, group } = known(file)
  return {
    ...base,
    kind: 'file',
    source: content !== undefined ? { content } : { path: resolve(root, known(from)) },
    to: known(to),
    mode: mode ?? null,
    owner: owner ?? null,
    group: group ?? null,
  }
}

function resolveProbe({ value, node }: NonNullable<Values['ready']>[number]): ReadyProbe {
  const { tcp, http, shell, hint, interval, timeout } = value
  const base = {
    hint: hint ?? null,
    interval: known(interval),
    timeout: known(timeout),
    place: placeOf(node.span),
  }
  if (tcp !== undefined) return { ...base, kind: 'tcp', port: tcp }
  if (http !== undefined) return { ...base, kind: 'http', ...http }
  return { ...base, kind: 'shell', script: known(shell) }
}

function cloudInit(value: Values['cloud_init'], root: string): Machine['cloudInit'] {
  if (value === undefined) return null
  return 'path' in value ? { path: resolve(root, value.path) } : value
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
