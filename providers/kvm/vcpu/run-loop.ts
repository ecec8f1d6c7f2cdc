import { KVM } from '../ffi/kvm-abi.ts'
import { ioctlErrno } from '../ffi/kvm-ioctl.ts'
import { traceExit } from './exit-trace.ts'
import type { Exit, RunPage } from './run-page.ts'
import { access, cell, command, commandOf, exitReasons, type SharedState } from './shared-state.ts'

/** Why a vCPU has left its loop for good. */
export type Ending =
  | { why: 'stopped' }
  /** The guest has faulted while handling a fault while handling a fault. */
  | { why: 'triple-fault' }
  /** KVM cannot go on; `reason` for people. */
  | { why: 'failed'; reason: string }

/** Where an access of the guest goes: its kind, address, and data, which reads fill. Addresses from 2^53 on are inexact. */
export type AccessHandler = (kind: number, address: number, data: Uint8Array) => void

export interface LoopOptions {
  vcpu: number
  page: RunPage
  shared: SharedState
  onAccess: AccessHandler
}

const EINTR = 4
const EAGAIN = 11

/**
 * Runs a vCPU until it is told to stop or cannot go on. Obeys `command` between two entries into the guest;
 * whoever changes it kicks the thread out of KVM_RUN (see Vcpu). It stands still with nothing of an exit left to do, so that
 * its state is whole: the instruction that left the guest is finished by KVM at the next entry (KVM api.rst, section 5,
 * `immediate_exit`).
 */
export function runLoop({ vcpu, page, shared: { cells }, onAccess }: LoopOptions): Ending {
  const ended = (ending: Ending): Ending => {
    Atomics.store(cells, cell.ended, 1)
    return ending
  }
  for (let isWhole = true; ; ) {
    const next = obey(cells, vcpu, isWhole)
    if (next === 'stop') return ended({ why: 'stopped' })
    if (next === 'finish') page.immediateExit = true
    const errno = ioctlErrno(vcpu, KVM.RUN)
    // The result first: after an immediate exit the reason on the page is that of the exit before.
    isWhole = errno === EINTR || errno === EAGAIN
    if (isWhole) {
      page.immediateExit = false
      count(cells, 'interrupted')
      continue
    }
    if (errno !== 0) return ended({ why: 'failed', reason: `KVM_RUN failed with errno ${errno}` })
    const exit = page.exit()
    count(cells, exit.kind)
    if (Atomics.load(cells, cell.tracing) === 1) traceExit(cells, exit)
    const ending = handleExit(exit, page, onAccess)
    if (ending) return ended(ending)
  }
}

/** Waits while the command is to pause. `finish`: that, but something is left to do first. */
function obey(cells: Int32Array, vcpu: number, isWhole: boolean): 'run' | 'finish' | 'stop' {
  for (let paused = false; ; paused = true) {
    const order = Atomics.load(cells, cell.command)
    const kind = commandOf(order)
    if (kind === command.pause && !isWhole) return 'finish'
    if (order !== cells[cell.obeyed]) Atomics.store(cells, cell.obeyed, order)
    switch (kind) {
      case command.stop:
        return 'stop'
      case command.pause:
        Atomics.wait(cells, cell.command, order)
        break
      default:
        // Without this the guest's watchdogs take the pause for a hang (KVM api.rst, 4.70). It fails
        // with EINVAL where the guest does not use kvm-clock, which is as good.
        if (paused) ioctlErrno(vcpu, KVM.KVMCLOCK_CTRL)
        return 'run'
    }
  }
}

/** For measurements; only this thread writes it. */
function count(cells: Int32Array, kind: Exit['kind']): void {
  const index = (exitReasons as readonly string[]).indexOf(kind)
  Atomics.add(cells, cell.exits + (index === -1 ? exitReasons.length - 1 : index), 1)
}

function handleExit(exit: Exit, page: RunPage, onAccess: AccessHandler): Ending | null {
  switch (exit.kind) {
    case 'port': {
      const kind = exit.write ? access.portWrite : access.portRead
      for (let i = 0; i < exit.count; i++) {
        onAccess(kind, exit.port, page.portData(exit.dataOffset, exit.size, i))
      }
      return null
    }
    case 'memory': {
      const kind = exit.write ? access.memoryWrite : access.memoryRead
      onAccess(kind, exit.address, page.memoryData(exit.length))
      return null
    }
    // With the interrupt controller in the kernel a halted vCPU stays there; should it come out, it goes on.
    case 'halt':
    case 'interrupted':
      return null
    case 'shutdown':
      return { why: 'triple-fault' }
    case 'system-event':
      return { why: 'failed', reason: `system event ${exit.event} of KVM` }
    case 'failed':
      return { why: 'failed', reason: exit.reason }
  }
}
