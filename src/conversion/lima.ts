import { archNamed } from '../lib/values/arch.ts'
import { checksumText, parseChecksum } from '../lib/values/checksum.ts'
import { type Node, readForeignYaml } from '../manifest/index.ts'
import { type Draft, type DraftMachine, emptyDraft, emptyMachine } from './draft.ts'
import { takeFolder } from './folders.ts'
import type { ForeignFile } from './foreign-file.ts'
import type { Given } from './given.ts'
import { takeProcessors, takeSize } from './handlers.ts'
import { entriesOf, type Handler, itemsOf, lineOf, readKeys, textOf, under } from './nodes.ts'
import { notYet } from './not-yet.ts'
import { portAt, portText } from './ports.ts'

const reasons = {
  vmType: 'posada picks the best provider that works on the host',
  os: 'a box says what it is',
  mountType: 'a folder is mirrored, or copied once',
  mountInotify: 'a mirrored folder has all file events',
  containerd: 'install it in a provision step',
  networks: 'a machine has network access by default; private ones are described under networks:',
  additionalDisks: notYet.disks,
  ssh: 'posada ssh needs no settings',
  firmware: 'a box says how it boots',
  video: 'a machine has no screen',
  audio: 'a machine has no sound',
  rosetta: 'Posada has nothing like it',
  base: 'make a manifest from that file, and name it under extends:',
  user: 'a box says who logs in',
  message: 'put it into a comment',
  copyToHost: 'use posada copy',
}

/** The user that a cloud image is told to have, where no one says another. */
const loginUser = 'posada'

/** An instance of Lima, as a machine. Source: lima-vm.io, "templates/default.yaml". */
export function readLima({ name, text }: ForeignFile): Draft {
  const root = readForeignYaml(name, text)
  const draft = emptyDraft()
  const machine = emptyMachine()
  draft.machines.set(null, machine)
  const handlers: Record<string, Handler> = {
    minimumLimaVersion: () => undefined,
    arch: (value) => {
      const arch = archNamed(textOf(value) ?? '')
      if (arch === null)
        return textOf(value) === 'default' ? undefined : 'Posada has no machines of that architecture'
      machine.arch = arch
      return undefined
    },
    images: (value) => images(value, machine, textOf(under(root, 'arch'))),
    cpus: takeProcessors(machine),
    memory: takeSize(machine, 'memory'),
    disk: takeSize(machine, 'disk'),
    nestedVirtualization: (value) => {
      if (textOf(value) === 'true') machine.nested = true
      return undefined
    },
    provision: each('provision', machine, provision),
    mounts: each('mounts', machine, mount),
    portForwards: each('portForwards', machine, forward),
    probes: each('probes', machine, probe),
    env: (value) => {
      for (const { key, value: of } of entriesOf(value)) machine.env[key] = [textOf(of) ?? '']
      return undefined
    },
  }
  readKeys(root, { path: '', handlers, reasons, leftOut: machine.leftOut })
  return draft
}

/** Has each item of a list read; a text says why one is not carried over. */
function each(
  path: string,
  machine: DraftMachine,
  read: (item: Node, machine: DraftMachine) => string | undefined,
): Handler {
  return (list) => {
    itemsOf(list).forEach((item, index) => {
      const reason = read(item, machine)
      const line = lineOf(item.span)
      if (reason !== undefined) machine.leftOut.push({ what: `${path}[${index}]`, line, reason })
    })
    return undefined
  }
}

/** The image for the architecture that is asked for, else the first; a manifest has one. */
function images(list: Node, machine: DraftMachine, arch: string | undefined): undefined {
  const items = itemsOf(list)
  const taken = items.find((item) => textOf(under(item, 'arch')) === arch) ?? items[0]
  for (const item of items) {
    const leave = (what: string, reason: string) =>
      machine.leftOut.push({ what: `images ${what}`, line: lineOf(item.span), reason })
    const location = textOf(under(item, 'location')) ?? ''
    if (item !== taken) leave(location, 'a machine has one box')
    else if (!/^(?:https?:\/\/|\.{0,2}\/)\S+$/.test(location))
      leave(location, 'a box is a path or an address')
    else {
      const digest = parseChecksum(textOf(under(item, 'digest')) ?? '')
      const raw = /\.raw(?:\.\w+)?$/.test(location)
      const checksum = digest && checksumText(digest)
      machine.box = { from: location, ...(checksum && { checksum }), ...(raw && { image: 'raw' }) }
      for (const key of ['kernel', 'initrd'])
        if (under(item, key) !== undefined) leave(key, 'the image boots by itself')
    }
  }
}

/** Lima runs these with each boot. */
function provision(item: Node, machine: DraftMachine): string | undefined {
  const [mode = 'system', script, path, content] = ['mode', 'script', 'path', 'content'].map((key) =>
    textOf(under(item, key)),
  )
  if (mode === 'data' && path?.startsWith('/') === true && content !== undefined) {
    const permissions = textOf(under(item, 'permissions')) ?? ''
    const isMode = /^[0-7]{3,4}$/.test(permissions)
    machine.provision.push({
      file: { content, to: [path], ...(isMode && { mode: permissions }) },
    })
    return undefined
  }
  if (mode !== 'system' && mode !== 'user') return `Posada has no step for mode ${mode}`
  if (script === undefined || script.trim() === '') return 'only an inline script is carried over'
  if (script.includes('{{')) return 'it has templates, which only Lima fills in'
  machine.provision.push({
    shell: { inline: script },
    run: 'always',
    ...(mode === 'user' && { user: loginUser }),
  })
  return undefined
}

function forward(item: Node, machine: DraftMachine): string | undefined {
  const text = (key: string) => textOf(under(item, key))
  if (text('ignore') === 'true') return 'a port that is not named is not forwarded'
  const range = (key: string) => {
    const ends = itemsOf(under(item, `${key}Range`)).map((end) => textOf(end) ?? '')
    return text(key) ?? (ends.length === 2 ? ends.join('-') : '')
  }
  const guest = portText(range('guestPort'))
  const host = portText(range('hostPort') || range('guestPort'))
  if (guest === undefined || host === undefined) return 'only ports are forwarded'
  const port = portAt({ host, guest, address: text('hostIP'), protocol: text('proto') })
  if (typeof port === 'string') return port
  machine.ports.push(port)
  return undefined
}

/** A location is the host's path, and the guest's too where no other is named. One that the guest may not write is copied. */
function mount(item: Node, machine: DraftMachine): string | undefined {
  const location = textOf(under(item, 'location')) ?? ''
  const to = textOf(under(item, 'mountPoint')) ?? location
  if (location.includes('{{') || to.includes('{{')) return 'it has templates, which only Lima fills in'
  const [, inHome] = /^~\/+(.+)$/.exec(location) ?? []
  const from: Given = inHome === undefined ? [location] : [{ variable: 'HOME', or: null }, `/${inHome}`]
  const once = textOf(under(item, 'writable')) !== 'true'
  return takeFolder(machine, { from, to: to.startsWith('~') ? undefined : to, once })
}

function probe(item: Node, machine: DraftMachine): string | undefined {
  const script = textOf(under(item, 'script'))
  if (script === undefined || script.trim() === '' || script.length > 65_536) return 'it has no script'
  if (script.includes('{{')) return 'it has templates, which only Lima fills in'
  const hint = (textOf(under(item, 'hint')) ?? textOf(under(item, 'description')) ?? '').trim().slice(0, 900)
  machine.ready.push({ shell: script, ...(hint !== '' && { hint }) })
  return undefined
}
