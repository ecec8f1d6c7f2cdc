import { type Given, plain } from '../given.ts'
import { looseSize, mebibytes, processors } from '../units.ts'
import type { ProviderSettings, Settings, Surroundings } from './settings.ts'
import { asGiven, asText, listOf, type Part, type Value } from './value.ts'

const no = 'it is a setting for that provider only'

/** What a provider's block is given: `vb.memory = 1024`, `vb.customize ["modifyvm", :id, "--cpus", 2]`. */
export function providerPart(provider: string, settings: Settings, { leave }: Surroundings): Part {
  const taken = (line: number): ProviderSettings => {
    const known = settings.providers.get(provider) ?? { line }
    settings.providers.set(provider, known)
    return known
  }
  const take = (key: string, value: Value, line: number) => {
    const reason = setting(key, value, taken(line))
    if (reason !== undefined) leave(settings.machine.leftOut, line, reason)
  }
  return {
    set: (path, value, line) => take(path.join('.'), value, line),
    call: (path, { args, line }) => {
      const [command, , ...flags] = (path.join('.') === 'customize' && listOf(args[0])) || []
      if (asText(command) !== 'modifyvm' || flags.length % 2 !== 0)
        return leave(settings.machine.leftOut, line, no)
      for (let at = 0; at < flags.length; at += 2)
        take(`modifyvm ${asText(flags[at])}`, flags[at + 1] ?? null, line)
    },
  }
}

/** Source: developer.hashicorp.com, "Providers"; vagrant-libvirt's README; VBoxManage modifyvm. */
const keys: Record<string, 'memory' | 'cpus' | 'nested' | 'disk'> = {
  memory: 'memory',
  memsize: 'memory',
  'vmx.memsize': 'memory',
  'modifyvm --memory': 'memory',
  cpus: 'cpus',
  'vmx.numvcpus': 'cpus',
  'modifyvm --cpus': 'cpus',
  nested: 'nested',
  'vmx.vhv.enable': 'nested',
  'modifyvm --nested-hw-virt': 'nested',
  machine_virtual_size: 'disk',
}

function setting(key: string, value: Value, settings: ProviderSettings): string | undefined {
  const known = Object.hasOwn(keys, key) ? keys[key] : undefined
  if (known === undefined) return no
  const text = asGiven(value)
  if (text === undefined) return 'its value is not known without running it'
  if (known === 'nested') {
    if (/^(?:true|on|1)$/i.test(plain(text) ?? '')) settings.nested = true
    return undefined
  }
  const read = readers[known](text)
  if (read === undefined) return 'it is not a valid value for a machine'
  settings[known] = read
  return undefined
}

const readers: Record<'memory' | 'cpus' | 'disk', (text: Given) => Given | undefined> = {
  memory: (text) => mebibytes(text) ?? looseSize(withUnit(plain(text) ?? '')),
  cpus: processors,
  disk: (text) => looseSize(`${plain(text) ?? ''}G`),
}

/** A number alone counted as MiB, and was none of a machine. */
function withUnit(text: string): string {
  return /^\d+$/.test(text) ? '' : text
}

/** The provider whose settings count: libvirt's, which is nearest, else the first of the file. */
export function takeProviders({ providers, machine }: Settings, { leave }: Surroundings): void {
  const [taken, ...others] = [...providers.entries()].sort(
    ([a], [b]) => Number(b === 'libvirt') - Number(a === 'libvirt'),
  )
  if (taken === undefined) return
  const [provider, { line: _line, ...settings }] = taken
  Object.assign(machine, settings)
  for (const [other, { line, ...its }] of others) {
    const differs = (['memory', 'cpus', 'disk'] as const).some(
      (key) => its[key] !== undefined && JSON.stringify(its[key]) !== JSON.stringify(settings[key]),
    )
    if (differs) leave(machine.leftOut, line, `the settings of ${provider} are taken, not those of ${other}`)
  }
}
