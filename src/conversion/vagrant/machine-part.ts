import { notYet } from '../not-yet.ts'
import { looseSize } from '../units.ts'
import { readFolder } from './folder.ts'
import { setSize, settersOf } from './machine-settings.ts'
import { readNetwork } from './network.ts'
import { providerPart } from './provider.ts'
import { readProvision } from './provision.ts'
import type { Settings, Surroundings } from './settings.ts'
import { asText, hashOf, type MadeCall, type Part } from './value.ts'

const oldForm = 'it is of version 1 of Vagrantfiles, which is not supported'
const guests = 'only guests with SSH are supported'

/** Why settings and calls are not carried over, by what they begin with. */
const reasons: readonly [string, string][] = [
  ['vm.allowed_synced_folder_types', 'a folder is mirrored, or copied once'],
  ['vm.communicator', guests],
  ['vm.guest', guests],
  ['winrm', guests],
  ['winssh', guests],
  ['ssh', 'posada ssh needs no settings'],
  ['trigger', notYet.hooks],
  ['vm.post_up_message', 'put it into a comment'],
  ['vm.box_check_update', 'posada box outdated looks for newer ones'],
  ['vm.usable_port_range', 'a port with auto: true is moved if it is in use'],
  ['vm.disk', notYet.disks],
  ['vm.cloud_init', 'name the file under cloud_init:'],
  ['vm.forward_port', oldForm],
  ['vm.share_folder', oldForm],
  ['vm.customize', oldForm],
  ['vm', 'the manifest has no such key'],
  ['vagrant', 'it belongs to Vagrant itself or to a plug-in'],
]

/** What `config` stands for, of all machines or of one: `config.vm.box = …`, `config.vm.network …`. */
export function machinePart(settings: Settings, around: Surroundings): Part {
  const { machine } = settings
  const leave = (line: number, reason: string) => around.leave(machine.leftOut, line, reason)
  const setters = settersOf(settings, around)
  return {
    set: (path, value, line) => {
      const setter = setters[path.join('.')]
      const reason = setter === undefined ? reasonOf(path) : setter(value, line)
      if (reason !== undefined) leave(line, reason)
    },
    call: (path, made) => {
      for (const reason of called(path, made, { settings, around })) leave(made.line, reason)
    },
  }
}

interface Of {
  settings: Settings
  around: Surroundings
}

function called(path: readonly string[], made: MadeCall, { settings, around }: Of): string[] {
  const one = (reason: string | undefined) => (reason === undefined ? [] : [reason])
  switch (path.join('.')) {
    case 'vm.define':
      return one(define(made, { settings, around }))
    case 'vm.network':
      return one(readNetwork(made, settings, around))
    case 'vm.provision':
      return readProvision(made, settings, around)
    case 'vm.provider': {
      // What the second parameter says, for one provider only, is of all machines here, and so of libvirt's only.
      const provider = asText(made.args[0]) ?? ''
      const others = provider === 'libvirt' ? machinePart(settings, around) : ignored(settings, around)
      made.block?.(providerPart(provider, settings, around), others)
      return []
    }
    case 'vm.disk':
      return one(disk(made, settings))
    case 'vm.synced_folder':
      return one(readFolder(made, settings, around))
    default:
      return [reasonOf(path)]
  }
}

function ignored({ machine }: Settings, { leave }: Surroundings): Part {
  const reason = 'it is for one provider only'
  return {
    set: (_path, _value, line) => leave(machine.leftOut, line, reason),
    call: (_path, { line }) => leave(machine.leftOut, line, reason),
  }
}

function define({ args, block, line }: MadeCall, { settings, around }: Of): string | undefined {
  const name = asText(args[0])
  if (settings.name !== null) return 'a machine inside a machine is not supported'
  if (name === undefined) return 'its name is not known without running it'
  const defined = around.define(name, line)
  if (defined === undefined) return 'the manifest cannot have a machine of this name, or has too many'
  block?.(machinePart(defined, around))
  if (hashOf(args[1])?.get('autostart') === false)
    around.leave(defined.machine.leftOut, line, 'posada up starts all machines, or those that it is given')
  return undefined
}

/** As a manifest may call a disk. */
const diskName = /^(?!(?:root|cidata|disk-\d+)$)[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?$/

function disk({ args }: MadeCall, { machine }: Settings): string | undefined {
  const options = hashOf(args.at(-1))
  if (asText(args[0]) !== 'disk')
    return 'a disk from a file is not supported; bring files in by sync: or a step'
  if (options?.get('primary') === true) return setSize(options.get('size'), machine)
  const name = asText(options?.get('name')) ?? ''
  const size = looseSize(asText(options?.get('size')) ?? '')
  const isTaken = machine.disks.some((each) => each.name === name)
  if (size === undefined || !diskName.test(name) || isTaken || machine.disks.length === 8) return notYet.disks
  machine.disks.push({ name, size })
  return undefined
}

function reasonOf(path: readonly string[]): string {
  const written = `${path.join('.')}.`
  return reasons.find(([start]) => written.startsWith(`${start}.`))?.[1] ?? 'it belongs to a plug-in'
}
