import { enterLongMode } from '../boot/long-mode.ts'
import { closeDescriptor } from '../ffi/descriptors.ts'
import { KVM } from '../ffi/kvm-abi.ts'
import { ioctlErrno, kvmIoctlValue } from '../ffi/kvm-ioctl.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import { highRamStart, pageTables } from '../memory/layout.ts'
import { createRam } from '../memory/ram.ts'
import { guestCpuid, setCpuid, supportedCpuid } from '../vcpu/cpuid.ts'
import { setInitialState } from '../vcpu/initial-state.ts'
import { mapRunPage, type RunPage } from '../vcpu/run-page.ts'
import { createVm } from '../vm/vm.ts'

const ram = 4 * 2 ** 20
/** A page of 2 MiB that the guest sees at another address than where it is. */
const seenAt = 0xa00000
const isAt = 0x200000
const resultPort = 0xf4

/**
 * What every 64-bit distribution needs and a KVM without hardware cannot do: vector instructions, a
 * compare-and-exchange of 16 bytes, memory through page tables.
 */
const code = [
  ...[0x0f, 0x20, 0xe0], //                         mov rax, cr4
  ...[0x0d, 0x00, 0x06, 0x00, 0x00], //             or eax, OSFXSR | OSXMMEXCPT
  ...[0x0f, 0x22, 0xe0], //                         mov cr4, rax
  ...[0xb8, 0x78, 0x56, 0x34, 0x12], //             mov eax, 0x12345678
  ...[0x66, 0x48, 0x0f, 0x6e, 0xc0], //             movq xmm0, rax
  ...[0x66, 0x0f, 0xd4, 0xc0], //                   paddq xmm0, xmm0
  ...[0x66, 0x48, 0x0f, 0x7e, 0xc1], //             movq rcx, xmm0
  ...[0x31, 0xc0, 0x31, 0xd2], //                   xor eax, eax; xor edx, edx
  ...[0xbb, 0xfe, 0xca, 0xad, 0x0b], //             mov ebx, 0x0badcafe
  ...[0xbf, 0x00, 0x00, 0xa0, 0x00], //             mov edi, seenAt
  ...[0xf0, 0x48, 0x0f, 0xc7, 0x0f], //             lock cmpxchg16b [rdi]
  ...[0x0f, 0x94, 0xc0], //                         sete al
  ...[0xe6, resultPort], //                         out resultPort, al
  0xf4, //                                          hlt
]

/**
 * Runs the guest on the calling thread, which it may block for ever. Returns null when it did what it
 * should, otherwise what it did instead.
 *
 * @param kvm descriptor of /dev/kvm
 * @throws SystemCallError when KVM refuses to make the machine
 */
export function runProbeGuest(kvm: number): string | null {
  const machineRam = createRam(ram)
  const { memory } = machineRam
  const vm = createVm(kvm, machineRam)
  const vcpu = kvmIoctlValue(vm.fd, 'CREATE_VCPU', 0)
  const topology = { id: 0, cpus: 1, nested: false, tscDeadlineTimer: false }
  setCpuid(vcpu, guestCpuid(supportedCpuid(kvm), topology))
  memory.slice(highRamStart, code.length)?.set(code)
  const entry = enterLongMode(memory, { rip: highRamStart })
  mapElsewhere(memory)
  setInitialState(vcpu, entry)
  const errno = ioctlErrno(vcpu, KVM.RUN)
  const result = errno === 0 ? judge(mapRunPage(kvm, vcpu), memory) : `KVM_RUN failed with errno ${errno}`
  closeDescriptor(vcpu)
  vm.close()
  machineRam.clear()
  return result
}

/** Present, writable, 2 MiB. */
function mapElsewhere(memory: GuestMemory): void {
  const directory = pageTables + 0x2000
  memory.writeU32(directory + (seenAt / 0x200000) * 8, isAt + 0x83)
}

function judge(page: RunPage, memory: GuestMemory): string | null {
  const exit = page.exit()
  if (exit.kind === 'failed') return exit.reason
  if (exit.kind !== 'port' || exit.port !== resultPort) return `the guest left with ${exit.kind}`
  const stored = [0, 4, 8, 12].map((offset) => memory.readU32(isAt + offset))
  const equal = page.portData(exit.dataOffset, 1, 0)[0] === 1
  const right = equal && stored.join() === [0x0badcafe, 0, 0x2468acf0, 0].join()
  return right ? null : 'the guest computed something wrong'
}
