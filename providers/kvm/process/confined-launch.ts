import { parentPort, workerData } from 'node:worker_threads'
import { encodeFailure, type LaunchOptions, launchProcess } from '../../../src/background/index.ts'
import { dropCapabilities } from '../confine/capabilities.ts'
import { confineThread, type PathRule } from '../confine/landlock.ts'
import { SystemCallError } from '../ffi/system-call-error.ts'
import type { VmmConfig } from './vmm-config.ts'

/** What the thread is given. It says how the start went as a process does: by an empty text, or a failure's. */
export interface ConfinedLaunch {
  options: Omit<LaunchOptions, 'signal' | 'pipes' | 'onEnd'> & { config: VmmConfig }
  rules: readonly PathRule[]
  version: number
}

/**
 * A thread that starts a machine's process: what confines it is inherited by the process from its first instruction on,
 * with all threads that it will have, and concerns no other thread of this one. Any message calls the start off. It
 * lives as long as the process, for the system tells no other of its end.
 */
void start(workerData as ConfinedLaunch)

async function start({ options, rules, version }: ConfinedLaunch): Promise<void> {
  const calledOff = new AbortController()
  parentPort?.on('message', () => calledOff.abort())
  try {
    const confined = confine(rules, version) ? options.config.confined : 'calls'
    const onEnd = () => parentPort?.close()
    await launchProcess({
      ...options,
      config: { ...options.config, confined },
      signal: calledOff.signal,
      onEnd,
    })
    parentPort?.postMessage('')
  } catch (error) {
    parentPort?.postMessage(encodeFailure(error))
    parentPort?.close()
  }
}

/** False where the kernel refuses, as it does below 16 other sandboxes: the machine runs all the same, and its log says so. */
function confine(rules: readonly PathRule[], version: number): boolean {
  try {
    dropCapabilities()
    confineThread(rules, version)
    return true
  } catch (error) {
    if (error instanceof SystemCallError) return false
    throw error
  }
}
