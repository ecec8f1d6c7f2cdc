import { installInterruptingSignal, signalThread } from '../ffi/threads.ts'

/**
 * The real-time signal that gets a thread out of KVM_RUN: SIGRTMIN + 2 of the kernel's numbers. glibc keeps
 * the two before it; SIGUSR1 belongs to Node's inspector.
 */
const kickSignal = 34 + 2

let installed = false

/** Interrupts whatever system call the thread is in; false when the thread has ended. */
export function kickThread(tid: number): boolean {
  if (!installed) {
    installInterruptingSignal(kickSignal)
    installed = true
  }
  return signalThread(tid, kickSignal)
}
