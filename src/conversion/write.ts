import { Document, type Pair, Scalar, YAMLMap } from 'yaml'
import type { Draft, DraftMachine, DraftPort, DraftStep, LeftOut } from './draft.ts'
import { asValue, dollars, type Given } from './given.ts'

/** The manifest of a settled draft; what was left out stands in it as comments. */
export function writeManifest(draft: Draft, from: string): string {
  const alone = aloneIn(draft)
  const document = new Document({}, { version: '1.2' })
  const root: Plain = { version: 1 }
  if (draft.name !== undefined) root.name = draft.name
  if (draft.networks.size > 0) root.networks = Object.fromEntries(draft.networks)
  const machines = [...draft.machines].map(([name, machine]): [string, DraftMachine] => [
    name ?? 'default',
    machine,
  ])
  if (alone === undefined) {
    const shared = machineKeys(draft.defaults)
    if (Object.keys(shared).length > 0) root.defaults = shared
    root.machines = Object.fromEntries(machines.map(([name, machine]) => [name, machineKeys(machine)]))
  } else {
    const { networks: _all, ...keys } = machineKeys(alone)
    Object.assign(root, keys)
  }
  document.contents = document.createNode(asNodes(root))
  if (alone === undefined) commentMachines(document, machines)
  const top = [...draft.leftOut, ...draft.defaults.leftOut, ...(alone?.leftOut ?? [])].sort(
    (a, b) => a.line - b.line,
  )
  document.commentBefore = [` Made from ${shown(from, 200)} by posada init --from.`, ...comments(top)].join(
    '\n',
  )
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

type Plain = Record<string, unknown>

/** The only machine, where the file may describe it at its top. */
function aloneIn(draft: Draft): DraftMachine | undefined {
  const machine = draft.machines.size === 1 ? draft.machines.get(null) : undefined
  return machine?.networks.some(({ address }) => address !== undefined) ? undefined : machine
}

function commentMachines(document: Document, machines: readonly [string, DraftMachine][]): void {
  for (const [name, { leftOut }] of machines) {
    const node = document.getIn(['machines', name])
    if (node instanceof YAMLMap && leftOut.length > 0) {
      const first = node.items[0] as Pair<Scalar, unknown>
      first.key.commentBefore = comments(leftOut).join('\n')
    }
  }
}

/** How many are written down; the file would otherwise be too long to read. */
const commentLimit = 200

function comments(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return []
  const lines = leftOut
    .slice(0, commentLimit)
    .map(({ what, line, reason }) => `   line ${line}: ${shown(what)}: ${shown(reason, 200)}`)
  const more = leftOut.length - lines.length
  return [' Not carried over:', ...lines, ...(more > 0 ? [`   and ${more} more`] : [])]
}

/** A piece of the file in one line, of printable characters. */
export function shown(text: string, limit = 100): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return line.length <= limit ? line : `${line.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

function machineKeys(machine: DraftMachine): Plain {
  const { box, arch, cpus, memory, disk, nested, replicas, boot_timeout, halt_timeout, cloud_init } = machine
  const keys: Plain = {
    box: typeof box === 'string' ? box : box && { ...box },
    arch,
    cpus: cpus && numberOr(asValue(cpus)),
    memory: memory && asValue(memory),
    disk: disk && asValue(disk),
    disks: machine.disks.map(({ name, size }) => ({ name, size: asValue(size) })),
    nested,
    replicas,
    depends_on: machine.depends_on,
    networks: machine.networks.map(({ name, address }) => (address === undefined ? name : { name, address })),
    ports: machine.ports.map(portItem),
    env: values(machine.env),
    sync: machine.sync.map(({ from, to, exclude, ...rest }) => ({
      from: asValue(from),
      to: dollars(to),
      ...rest,
      ...(exclude && { exclude: exclude.map(dollars) }),
    })),
    cloud_init: cloud_init && dollars(cloud_init),
    boot_timeout,
    halt_timeout,
    provision: machine.provision.map(stepItem),
    ready: machine.ready.map(({ hint, ...probe }) => ({ ...probe, ...(hint && { hint: dollars(hint) }) })),
  }
  return withoutEmpty(keys)
}

/** `"127.0.0.1:5353:53/udp"`, in quotes: plain, some of these would be a number of base 60 to other parsers. */
function portItem({ guest, host, protocol, address, auto }: DraftPort): unknown {
  if (auto === true)
    return withoutEmpty({ host: numberOr(host), guest: numberOr(guest), protocol, address, auto })
  const written = `${address === undefined ? '' : `${address}:`}${host}:${guest}${protocol === undefined ? '' : '/udp'}`
  return quoted(written)
}

function stepItem({ name, shell, file, run, reboot, args, env, user }: DraftStep): unknown {
  return withoutEmpty({
    name: name && dollars(name),
    shell: shell && shellOf(shell),
    file: file && {
      ...('from' in file ? { from: asValue(file.from) } : { content: file.content }),
      to: asValue(file.to),
      ...('owner' in file ? { owner: file.owner } : {}),
      ...('mode' in file && file.mode !== undefined ? { mode: quoted(file.mode) } : {}),
    },
    run,
    reboot,
    args: args?.map(asValue),
    env: env && values(env),
    user,
  })
}

/** A word alone might be the path of a script, so that is said of it. */
function shellOf(shell: NonNullable<DraftStep['shell']>): unknown {
  if ('path' in shell) {
    const path = asValue(shell.path)
    return /^\.{0,2}\/\S+$/.test(path) ? path : { path }
  }
  if ('url' in shell) return shell
  return /\s/.test(shell.inline.trim()) ? shell.inline : { inline: shell.inline }
}

function values(env: Record<string, Given>): Plain {
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, asValue(value)]))
}

function numberOr(text: string): string | number {
  return /^\d{1,6}$/.test(text) ? Number(text) : text
}

function withoutEmpty(keys: Plain): Plain {
  const filled = Object.entries(keys).filter(([, value]) => {
    if (value === undefined || value === '') return false
    return (
      typeof value !== 'object' || value === null || value instanceof Scalar || Object.keys(value).length > 0
    )
  })
  return Object.fromEntries(filled)
}

function quoted(text: string): Scalar {
  const scalar = new Scalar(text)
  scalar.type = Scalar.QUOTE_DOUBLE
  return scalar
}

/** Texts with the quotes that they need: of several lines as a block, with control characters in double quotes. */
function asNodes(value: unknown): unknown {
  if (value instanceof Scalar) return value
  if (Array.isArray(value)) return value.map(asNodes)
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([key, inner]) => [key, asNodes(inner)]))
  if (typeof value !== 'string') return value
  // What a manifest cannot hold in any form, and halves of characters.
  const text = value.replace(/[\0\x7f\ufffe\uffff]|\p{Cs}/gu, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  if (/[\x01-\x08\x0b-\x1f]/.test(text)) return quoted(text)
  const scalar = new Scalar(text)
  if (text.includes('\n')) scalar.type = Scalar.BLOCK_LITERAL
  return scalar
}
