import { formatSize } from '../../lib/values/units.ts'
import type { MachineState } from '../../project/index.ts'
import type { RecordChange } from '../snapshot-results.ts'

/**
 * What was recorded of a machine at two times and differs: the manifest's part in it, as it was last started with. For
 * people and by name; null where it had none. Pure.
 */
export function recordChanges(from: MachineState, to: MachineState): RecordChange[] {
  const [then, now] = [facts(from), facts(to)]
  return [...new Set([...then.keys(), ...now.keys()])].flatMap((what) => {
    const [a, b] = [then.get(what) ?? null, now.get(what) ?? null]
    return a?.id === b?.id ? [] : [{ what, from: a?.text ?? null, to: b?.text ?? null }]
  })
}

interface Fact {
  /** Equal where nothing differs. */
  id: string
  text: string
}

function facts({ box, spec, login, networks = [], provision }: MachineState): Map<string, Fact> {
  const plain = (text: string): Fact => ({ id: text, text })
  return new Map<string, Fact>([
    ['box', { id: box.digest, text: `${box.name} ${box.version}` }],
    ['cpus', plain(String(spec.cpus))],
    ['memory', plain(formatSize(spec.memory))],
    ['user', plain(login.user)],
    ...spec.disks.map(({ name, size }): [string, Fact] => [`disk ${name}`, plain(formatSize(size))]),
    ...networks.map(({ network, ipv4 }): [string, Fact] => [`network ${network}`, plain(ipv4)]),
    ...Object.entries(provision).map(([name, { digest, at }]): [string, Fact] => [
      `step ${name}`,
      { id: `${digest} ${at}`, text: `run at ${at.slice(0, 19).replace('T', ' ')}` },
    ]),
  ])
}
