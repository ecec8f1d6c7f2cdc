import type { DraftStep } from '../draft.ts'
import { asScript, type Given, plain } from '../given.ts'
import { isVariableName } from '../units.ts'
import { dedent } from './ruby/text-literal.ts'
import type { Settings, Surroundings } from './settings.ts'
import { asGiven, asText, hashOf, listOf, type MadeCall, type Part, type Value } from './value.ts'

/** Whom Vagrant logs in as. */
const vagrantUser = 'vagrant'

const others = 'Posada has no such step; use a shell step'
const reasons: Record<string, string> = {
  ansible: 'write an ansible step; its playbook has to be in a folder of its own',
  ansible_local: 'write an ansible step with via: guest; its playbook has to be in a folder of its own',
  docker: 'a shell step can install and start it',
  puppet: 'write a puppet step; its manifest has to be in a folder of its own, with modules beside it',
  chef_solo: others,
  salt: others,
}

/**
 * `config.vm.provision`; texts say what is not carried over. Source: developer.hashicorp.com, "Shell provisioner",
 * "File provisioner".
 */
export function readProvision({ args, block }: MadeCall, settings: Settings, around: Surroundings): string[] {
  const written = new Map(hashOf(args.at(-1)) ?? [])
  const first = asText(args[0])
  const type = asText(written.get('type')) ?? first
  if (first !== undefined && written.has('type')) written.set('name', first)
  // Its settings are options, too, and all else in it is of no use.
  block?.({
    set: ([key, ...more], value) => void (more.length === 0 && key !== undefined && written.set(key, value)),
    call: () => undefined,
  } satisfies Part)
  if (type === 'file') return fileStep(written, settings, around)
  if (type === 'shell') return shellStep(written, settings, around)
  return [reasons[type ?? ''] ?? others]
}

type Options = ReadonlyMap<string, Value>

function shellStep(options: Options, { machine, user }: Settings, { path }: Surroundings): string[] {
  const lost: string[] = []
  const run = asText(options.get('run'))
  if (run === 'never') return ['every step of a manifest is run; posada provision --step NAME runs one alone']
  const [inline, place] = [asGiven(options.get('inline')), asGiven(options.get('path'))]
  const step: DraftStep = {}
  const name = asText(options.get('name'))
  if (name !== undefined) step.name = name
  const env: Record<string, Given> = {}
  if (inline !== undefined) {
    const made = asScript(inline)
    if (made.script.trim() === '') return []
    step.shell = { inline: tidy(made.script) }
    Object.assign(env, made.env)
  } else if (place !== undefined) step.shell = placeOf(place, path)
  else return ['its script is not known without running it']
  if (run === 'always') step.run = 'always'
  for (const [key, value] of hashOf(options.get('env')) ?? []) {
    const text = asGiven(value)
    if (text !== undefined && isVariableName(key)) env[key] = text
    else lost.push(`the step is carried over, without its variable ${key}`)
  }
  if (Object.keys(env).length > 0) step.env = env
  const args = argumentsOf(options.get('args'))
  if (args === undefined) lost.push('the step is carried over, without its arguments')
  else if (args.length > 0) step.args = args
  if (options.get('privileged') === false) step.user = user ?? vagrantUser
  if (options.get('reboot') === true) step.reboot = true
  machine.provision.push(step)
  return lost
}

/** A script of several lines without the blanks around it that only the Vagrantfile's layout wanted. */
function tidy(script: string): string {
  if (!script.includes('\n')) return script
  return `${dedent(script.replace(/^(?:[ \t]*\n)+/, '')).trimEnd()}\n`
}

function placeOf(place: Given, path: Surroundings['path']): NonNullable<DraftStep['shell']> {
  const text = plain(place)
  return text !== undefined && /^https?:\/\/\S+$/.test(text) ? { url: text } : { path: path(place) }
}

/** A list, or a text that a shell would split. */
function argumentsOf(value: Value | undefined): Given[] | undefined {
  if (value === undefined || value === null) return []
  const items = listOf(value)?.map(asGiven)
  if (items !== undefined)
    return items.includes(undefined) ? undefined : items.flatMap((item) => (item ? [item] : []))
  const text = asText(value)
  if (text === undefined || /["'\\$`]/.test(text)) return undefined
  return text.split(/\s+/).flatMap((word) => (word === '' ? [] : [[word]]))
}

function fileStep(
  options: Options,
  { machine, user = vagrantUser }: Settings,
  { path }: Surroundings,
): string[] {
  const [source, destination] = [asGiven(options.get('source')), asGiven(options.get('destination'))]
  if (source === undefined || destination === undefined) return ['its paths are not known without running it']
  const [first, ...rest] = destination
  if (typeof first !== 'string') return ['its path in the guest is not known without running it']
  const home = user === 'root' ? '/root' : `/home/${user}`
  const tail = first.replace(/^(?:~|\$HOME|\$\{HOME\})(?=\/|$)/, home)
  const to = [tail.startsWith('/') ? tail : `${home}/${tail}`, ...rest]
  machine.provision.push({ file: { from: path(source), to, ...(user !== 'root' && { owner: user }) } })
  return []
}
