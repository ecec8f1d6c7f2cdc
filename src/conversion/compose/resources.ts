import type { DraftMachine } from '../draft.ts'
import { plain } from '../given.ts'
import { takeProcessors, takeSize } from '../handlers.ts'
import { type Handler, readKeys, textOf, under } from '../nodes.ts'
import { looseSize } from '../units.ts'

/** MiB that a distribution needs to boot and install something. */
const leastMemory = 512

/** How many of a service there are, and how large. Source: docs.docker.com, "Compose Deploy Specification". */
export function resourceHandlers(service: string, machine: DraftMachine): Record<string, Handler> {
  const cpus = takeProcessors(machine)
  const memory = takeMemory(machine)
  const replicas = takeReplicas(machine)
  const { leftOut } = machine
  const path = `${service}deploy.`
  const resources: Handler = (value) =>
    readKeys(under(value, 'limits'), {
      path: `${path}resources.limits.`,
      leftOut,
      reasons: {},
      handlers: { cpus, memory },
    })
  return {
    scale: replicas,
    cpus,
    mem_limit: memory,
    deploy: (value) => readKeys(value, { path, leftOut, reasons: {}, handlers: { replicas, resources } }),
  }
}

function takeMemory(machine: DraftMachine): Handler {
  const take = takeSize(machine, 'memory')
  return (value, entry) => {
    const [, mebibytes] = /^(\d+)MiB$/.exec(plain(looseSize(textOf(value) ?? '') ?? []) ?? '') ?? []
    return mebibytes !== undefined && Number(mebibytes) < leastMemory
      ? 'a machine needs more than a container; it has 1GiB'
      : take(value, entry)
  }
}

function takeReplicas(machine: DraftMachine): Handler {
  return (value) => {
    const number = Number(textOf(value))
    if (!Number.isInteger(number) || number < 1 || number > 64) return 'replicas are from 1 to 64'
    if (number > 1) machine.replicas = number
    return undefined
  }
}
