import { formatDuration, formatSize } from '../../lib/values/units.ts'
import type {
  DestroyResult,
  HaltResult,
  ProvisionResult,
  SuspendResult,
  UpMachineResult,
} from '../../machine/index.ts'
import { makeVisible } from '../../ui/index.ts'
import { portList } from './ports.ts'

/** What the verbs returned, as text for people. */

const changes = {
  created: 'is up (new)',
  started: 'is up',
  resumed: 'is up (resumed)',
  none: 'was up already',
} as const

export function upText(machines: readonly UpMachineResult[]): string {
  return machines
    .map(({ name, change, warm, ms, ports }) => {
      const took = change === 'none' ? '' : ` after ${formatDuration(ms)}`
      return `${name} ${changes[change]}${warm === true ? ' from a warm image' : ''}${took}${ports.length === 0 ? '' : `, ${portList(ports)}`}`
    })
    .join('\n')
}

export function haltText(machines: readonly HaltResult[]): string {
  return machines
    .map(({ name, how, via, ms }) => {
      if (how === 'already') return `${name} was not running`
      if (via === 'memory') return `${name} is off; its saved memory was discarded`
      if (via === 'itself') return `${name} ended by itself after ${formatDuration(ms)}`
      const way = how === 'graceful' ? `shut down (${via})` : `was cut off (${via})`
      return `${name} ${way} after ${formatDuration(ms)}`
    })
    .join('\n')
}

export function suspendText(machines: readonly SuspendResult[]): string {
  return machines
    .map(({ name, state, suspended, ms }) => {
      if (suspended) return `${name} is suspended after ${formatDuration(ms)}`
      return `${name} was ${state === 'suspended' ? 'already suspended' : 'not running'}`
    })
    .join('\n')
}

export function destroyText(machines: readonly DestroyResult[]): string {
  return machines
    .map(({ name, destroyed }) => `${name} ${destroyed ? 'is destroyed' : 'did not exist'}`)
    .join('\n')
}

export function provisionText(
  machines: readonly { name: string; steps: readonly ProvisionResult[] }[],
): string {
  return machines
    .map(({ name, steps }) => {
      if (steps.length === 0) return `${name} has no provision steps`
      const ran = steps.filter(({ result }) => result === 'ran').length
      const left = steps.length - ran
      return `${name}: ${ran} step${ran === 1 ? '' : 's'} ran${left === 0 ? '' : `, ${left} not due`}`
    })
    .join('\n')
}

/** How much was copied, and what was left out. */
export function copyText({
  files,
  bytes,
  skipped,
}: {
  files: number
  bytes: number
  skipped: readonly string[]
}): string {
  const lines = [`${files} file${files === 1 ? '' : 's'}, ${formatSize(bytes)}`]
  for (const path of skipped)
    lines.push(`left out (no file, or a link that leads away): ${makeVisible(path)}`)
  return lines.join('\n')
}
