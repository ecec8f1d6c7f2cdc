import { archNamed } from '../../lib/values/arch.ts'
import { userPattern } from '../../lib/values/box-names.ts'
import { looseSize } from '../units.ts'
import type { BoxSettings, Settings, Surroundings } from './settings.ts'
import { asGiven, asText, listOf, type Value } from './value.ts'

/** Takes a value; a text says why it is not carried over. */
type Setter = (value: Value, line: number) => string | undefined

/** What is set on `config`, by its path: `config.vm.box = …`. Source: developer.hashicorp.com, "config.vm". */
export function settersOf(settings: Settings, around: Surroundings): Record<string, Setter | undefined> {
  const { machine } = settings
  const box =
    (key: Exclude<keyof BoxSettings, 'line'>): Setter =>
    (value, line) => {
      const written = listOf(value)?.[0] ?? value
      const [part] = asGiven(written) ?? []
      const text = asText(written) ?? (typeof part === 'object' ? (part.or ?? undefined) : undefined)
      if (text === undefined) return value === null ? undefined : 'its value is not known without running it'
      settings.box[key] = text
      settings.box.line ??= line
      return asText(written) === undefined ? `a variable cannot name a box; the box is ${text}` : undefined
    }
  const seconds =
    (key: 'boot_timeout' | 'halt_timeout'): Setter =>
    (value) => {
      if (typeof value !== 'number' || value < 1 || value > 86_400) return 'it is not a valid timeout'
      machine[key] = `${Math.round(value)}s`
      return undefined
    }
  return {
    'vm.box': box('name'),
    'vm.box_version': box('version'),
    'vm.box_url': box('url'),
    'vm.box_download_checksum': box('checksum'),
    'vm.box_download_checksum_type': box('checksumType'),
    'vm.box_architecture': (value) => {
      const arch = archNamed(asText(value) ?? '')
      if (arch === null)
        return asText(value) === 'auto' ? undefined : 'Posada has no machines of that architecture'
      machine.arch = arch
      return undefined
    },
    'vm.hostname': (value, line) => {
      const name = asText(value)
      if (name === undefined) return 'its value is not known without running it'
      around.hostnames.set(settings.name, { name, line })
      return undefined
    },
    'vm.boot_timeout': seconds('boot_timeout'),
    'vm.graceful_halt_timeout': seconds('halt_timeout'),
    'disksize.size': (value) => setSize(value, machine),
    'ssh.username': (value) => {
      const user = asText(value)
      if (user === undefined || !userPattern.test(user)) return 'it is not a valid user name'
      settings.user = user
      return 'the box says who logs in; steps without privileges run as this user'
    },
  }
}

export function setSize(value: Value | undefined, machine: Settings['machine']): string | undefined {
  const size = looseSize(asText(value) ?? '')
  if (size === undefined) return 'it is not a size'
  machine.disk = size
  return undefined
}
