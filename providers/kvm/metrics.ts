import { asObject, isObject } from '../../src/lib/values/as-object.ts'
import type { DeviceMetrics, Metrics, QueueMetrics, VcpuMetrics } from '../../src/provider/index.ts'

/** Of the answer to `metrics`: what is not there, or of another kind, counts as 0. Pure. */
export function metricsOf(said: Record<string, unknown>): Metrics {
  return { vcpus: list(said.vcpus).map(vcpuOf), devices: list(said.devices).map(deviceOf) }
}

function vcpuOf(said: Record<string, unknown>): VcpuMetrics {
  const exits = asObject(said.exits)
  return {
    exits: {
      port: count(exits.port),
      memory: count(exits.memory),
      halt: count(exits.halt),
      interrupted: count(exits.interrupted),
      other: count(exits.other),
    },
    forwarded: count(said.forwarded),
  }
}

function deviceOf(said: Record<string, unknown>): DeviceMetrics {
  const name = typeof said.name === 'string' && /^[a-z]{1,16}\d{1,3}$/.test(said.name) ? said.name : 'unknown'
  return { name, queues: list(said.queues).map(queueOf), faults: count(said.faults) }
}

function queueOf(said: Record<string, unknown>): QueueMetrics {
  return {
    kicks: count(said.kicks),
    interrupts: count(said.interrupts),
    requests: count(said.requests),
    fromGuest: count(said.fromGuest),
    toGuest: count(said.toGuest),
    inFlight: count(said.inFlight),
    deepest: count(said.deepest),
    stalls: count(said.stalls),
  }
}

const list = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : [])
const count = (value: unknown) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0
