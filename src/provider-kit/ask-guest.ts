import { deadlineIn } from '../lib/async/time-limit.ts'
import { hasEnded, type ProcessIdentity } from '../lib/process/process-identity.ts'
import { askAgentToShutDown } from './guest-agent.ts'

/** The QEMU guest agent that a guest runs. */
export interface AgentChannel {
  socket: string
  /** Whether the agent has its end of the channel open. */
  listens: () => Promise<boolean>
}

export interface ShutdownRequest {
  /** The machine's hypervisor, which ends with the guest. */
  hypervisor: ProcessIdentity
  /** Null where the guest runs no agent. */
  agent: AgentChannel | null
  /** Presses the power button. */
  press: () => Promise<void>
  /** Milliseconds. */
  timeout: number
  signal?: AbortSignal | undefined
}

/** Milliseconds between what a guest is asked and what it is asked next. */
const pauses = {
  /**
   * An agent that has taken the order and is still there may have failed at it: the button is pressed then. A guest
   * whose kernel has not loaded its power button yet misses a press: it is pressed again.
   */
  first: 3000,
  /** Each press costs the guest a process: the more it has heard, the longer it is left alone. */
  longest: 15_000,
}

/**
 * Asks a guest to shut itself down, through its agent where it runs one, else by the power button, which is
 * also what follows an agent to no avail, again and again: on a host under load an agent may take longer to answer than it
 * is waited for, or come up later. Resolves with what it went down for, as far as can be told, when the hypervisor has
 * ended, or null when the time is over.
 */
export async function askToShutDown(
  { hypervisor, agent, press, timeout, signal }: ShutdownRequest,
  limits = pauses,
): Promise<'agent' | 'acpi' | null> {
  const deadline = deadlineIn(timeout)
  let via: 'agent' | 'acpi' = 'acpi'
  let taken = false
  let pause = 0
  for (;;) {
    const listens = agent !== null && (await agent.listens())
    // An agent that took the order and has left was ended by it: the guest is on its way down, slow as it may be.
    if (listens || !taken) {
      const again: boolean = taken
      // An agent that waits for what it has started does not answer: not before the button is pressed.
      if (again) await press()
      taken = (listens && (await askAgentToShutDown(agent.socket, signal))) || again
      via = taken && !again ? 'agent' : 'acpi'
      if (!taken) await press()
    }
    pause = pause === 0 ? limits.first : Math.min(pause * 2, limits.longest)
    if (await hasEnded(hypervisor, Math.min(pause, deadline.left()), signal)) return via
    if (deadline.isOver()) return null
  }
}
