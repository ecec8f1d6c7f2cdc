import { askAgent } from '../lib/net/agent-client.ts'

/**
 * Asks the QEMU guest agent to shut the guest down. False: it does not answer, or another client
 * holds the channel. There is no answer to the order itself: the guest goes down. Source: QEMU
 * guest agent protocol, guest-shutdown.
 */
export async function askAgentToShutDown(path: string, signal?: AbortSignal): Promise<boolean> {
  const answer = await askAgent(path, { execute: 'guest-shutdown' }, { signal, answers: false })
  return answer !== null
}
