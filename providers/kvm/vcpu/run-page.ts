import { coalescedRing, exitReason, KVM_EXIT_IO_OUT, runPage } from '../ffi/kvm-abi.ts'
import { kvmIoctlValue } from '../ffi/kvm-ioctl.ts'
import { mapShared, unmap, viewMemory } from '../ffi/memory.ts'

/** Why a vCPU left the guest, read once out of struct kvm_run. */
export type Exit =
  | { kind: 'port'; write: boolean; port: number; size: number; count: number; dataOffset: number }
  /** An address from 2^53 on is inexact; no device lies there. */
  | { kind: 'memory'; write: boolean; address: number; length: number }
  | { kind: 'halt' }
  | { kind: 'shutdown' }
  | { kind: 'system-event'; event: number }
  | { kind: 'interrupted' }
  | { kind: 'failed'; reason: string }

/** Views of port data that are kept; most accesses are of one element, at one place, of one of three sizes. */
const mostViews = 64

/** struct kvm_run of one vCPU (KVM api.rst, section 5), mapped for the calling thread. */
export class RunPage {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  /** By offset and size: a vCPU comes to the same few again and again. */
  readonly #views = new Map<number, Uint8Array>()
  readonly #unmap: () => void
  #open = true

  constructor(buffer: ArrayBuffer, unmap: () => void) {
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#unmap = unmap
  }

  /** The last of all: nothing may be read through the page again. Harmless when done already. */
  close(): void {
    if (this.#open) this.#unmap()
    this.#open = false
  }

  /** The page of writes that KVM keeps; all zero where it keeps none. */
  get ring(): Uint8Array {
    return this.#bytes.subarray(coalescedRing.page)
  }

  /** Whether the next KVM_RUN shall come back at once, with EINTR. Ignored once the page is closed. */
  set immediateExit(value: boolean) {
    if (this.#open) Atomics.store(this.#bytes, runPage.immediateExit, value ? 1 : 0)
  }

  exit(): Exit {
    const view = this.#view
    const at = runPage.exit
    switch (view.getUint32(runPage.exitReason, true)) {
      case exitReason.IO:
        return {
          kind: 'port',
          write: view.getUint8(at) === KVM_EXIT_IO_OUT,
          size: view.getUint8(at + 1),
          port: view.getUint16(at + 2, true),
          count: view.getUint32(at + 4, true),
          // Relative to this page and inside its mapping, so the upper half is zero.
          dataOffset: view.getUint32(at + 8, true),
        }
      case exitReason.MMIO:
        return {
          kind: 'memory',
          address: view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true),
          length: Math.min(view.getUint32(at + 16, true), 8),
          write: view.getUint8(at + 20) !== 0,
        }
      case exitReason.HLT:
        return { kind: 'halt' }
      case exitReason.SHUTDOWN:
        return { kind: 'shutdown' }
      case exitReason.SYSTEM_EVENT:
        return { kind: 'system-event', event: view.getUint32(at, true) }
      case exitReason.INTR:
        return { kind: 'interrupted' }
      default:
        return { kind: 'failed', reason: this.#failure() }
    }
  }

  /** The bytes of one element of a port access. */
  portData(dataOffset: number, size: number, index: number): Uint8Array {
    const start = dataOffset + size * index
    const key = start * 8 + size
    let view = this.#views.get(key)
    if (view === undefined) {
      view = this.#bytes.subarray(start, start + size)
      if (this.#views.size < mostViews) this.#views.set(key, view)
    }
    return view
  }

  /** The data of a memory access. */
  memoryData(length: number): Uint8Array {
    return this.#bytes.subarray(runPage.exit + 8, runPage.exit + 8 + length)
  }

  #failure(): string {
    const view = this.#view
    const at = runPage.exit
    const reason = view.getUint32(runPage.exitReason, true)
    if (reason === exitReason.FAIL_ENTRY) {
      return `the processor refused to enter the guest (0x${view.getBigUint64(at, true).toString(16)})`
    }
    if (reason === exitReason.INTERNAL_ERROR) {
      const suberror = view.getUint32(at, true)
      // KVM_INTERNAL_ERROR_EMULATION, with the instruction's bytes where flag 1 says so.
      if (suberror !== 1) return `KVM internal error ${suberror}`
      const known = view.getUint32(at + 4, true) >= 3 && (view.getUint32(at + 8, true) & 1) !== 0
      const size = known ? Math.min(view.getUint8(at + 16), 15) : 0
      const code = Buffer.from(this.#bytes.subarray(at + 17, at + 17 + size)).toString('hex')
      return `KVM could not emulate an instruction${code === '' ? '' : ` (${code})`}`
    }
    return `exit ${reason} of KVM is not known`
  }
}

/**
 * Maps struct kvm_run of a vCPU; each thread that uses it makes a mapping of its own. As long as one is there the kernel
 * keeps the whole VM.
 */
export function mapRunPage(kvm: number, vcpu: number): RunPage {
  const size = kvmIoctlValue(kvm, 'GET_VCPU_MMAP_SIZE', 0)
  const address = mapShared(vcpu, size)
  return new RunPage(viewMemory(address, size), () => unmap(address, size))
}
