import { askAgentToShutDown } from './guest-agent.ts'
import { hasEnded, type ProcessIdentity } from './process-identity.ts'

export interface ShutdownRequest {
  /** The machine's hypervisor, which ends with the guest. */
  hypervisor: ProcessIdentity
  /** Socket of the QEMU guest agent; null where the guest runs none. */
  agent: string | null
  /** Presses the power button. */
  press: () => Promise<void>
  /** Milliseconds. */
  timeout: number
  signal?: AbortSignal | undefined
}

/** Milliseconds. A guest whose kernel has not loaded its power button yet misses a press: it is pressed again. */
const pressAgain = 3000
/** Each press costs the guest a process: the more it has heard, the longer it is left alone. */
const pressLimit = 15_000
/** An agent that has taken the order may have failed at it; the power button is tried then. */
const agentLimit = 10_000

/**
 * Asks a guest to shut itself down, through its agent where it runs one, else by the power button, which is
 * also what follows an agent to no avail. Resolves with what was asked last when the hypervisor has ended, or
 * null when the time is over.
 */
export async function askToShutDown(request: ShutdownRequest): Promise<'agent' | 'acpi' | null> {
  const { hypervisor, agent, press, timeout, signal } = request
  const deadline = Date.now() + timeout
  let via: 'agent' | 'acpi' = 'acpi'
  if (agent !== null && (await askAgentToShutDown(agent, signal))) via = 'agent'
  else await press()
  for (let pause = via === 'agent' ? agentLimit : pressAgain; ; pause = Math.min(pause * 2, pressLimit)) {
    if (await hasEnded(hypervisor, Math.max(0, Math.min(pause, deadline - Date.now())), signal)) return via
    if (Date.now() >= deadline) return null
    via = 'acpi'
    await press()
  }
}
