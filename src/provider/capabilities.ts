import type { Arch } from '../lib/values/arch.ts'

/**
 * What a provider can do on this host. The core asks here; it never asks for a provider's name.
 */
export interface Capabilities {
  /** Where its machines run, for people, if not on this host: `ssh://user@server`. */
  host?: string
  /** Architectures it can run, the host's own first. */
  arch: readonly Arch[]
  /** Ways to boot. */
  boot: readonly ('kernel' | 'bios' | 'uefi')[]
  /** Whether a machine can be stopped and go on in memory. */
  pause: boolean
  /** Whether a machine's memory can be saved, and the machine go on from it. Left out: false. See `Provider.save`. */
  snapshot?: boolean
  /** Whether guests may run virtual machines themselves. */
  nested: boolean
  /** Whether `open(spec, 'agent')` leads to a QEMU guest agent, where the guest runs one. */
  agent: boolean
  /** Whether `open(spec, 'ready')` leads to the port on which a box says that it can be logged in to. Left out: false. */
  ready?: boolean
  /** Whether `MachineSpec.media` are heeded; absent: they are not. */
  media?: boolean
  /** Whether discs and `MachineSpec.endsAtReboot` are heeded: what a system's installer takes. Left out: false. */
  installs?: boolean
  /** Whether machines can have a screen; then it has `screenshot` and `pressKeys`. Left out: false. */
  display?: boolean
  /** Whether `MachineSpec.limits` are kept to. Left out: false. */
  limits?: boolean
  /** Whether `MachineSpec.memoryMin` is heeded. Left out: false. */
  memoryRange?: boolean
  /** Whether UDP ports can be forwarded, besides TCP. */
  udpForward: boolean
  /**
   * Whether guests reach the outside world and are reached by forwarded ports, on this host as it is. Where it
   * is false a spec has no NICs, and `localSocket('vsock')` leads to the guest's SSH server on port 22 of its vsock.
   * Left out: true.
   */
  network?: boolean
  /** Whether machines can have NICs on a switch. Left out: false. */
  switchNics?: boolean
  /** Whether a NIC can keep a guest from the outside world. Left out: false. */
  isolation?: boolean
  /**
   * Whether a guest reaches the host's loopback by the ports in `UserNic.hostAccess` and no others. Left out: false,
   * and it may reach all of it.
   */
  hostAccess?: boolean
  /** Whether guests can mount folders of the host: `MachineSpec.shares`. Left out: false. */
  shares?: boolean
}

/**
 * What a probe found. A probe runs something: the presence of a file or a program proves nothing.
 * Where `usable` is false, `reason` says why and `hint` what to do about it.
 */
export interface ProbeReport {
  usable: boolean
  /** What executes guest code; null where nothing can. */
  accelerator: 'kvm' | 'hvf' | 'tcg' | 'other' | null
  /** Whether guest code runs on the processor itself: some 10 times faster than emulated. */
  hardware: boolean
  /** One line for `posada doctor`: what was tried and what came of it. */
  reason: string
  hint?: string
  /** Packages of the distribution that would make it usable, for `posada doctor --fix`. */
  packages?: readonly string[]
  /**
   * For `posada doctor`: what keeps a guest that took over its hypervisor from the rest of this host; a hint where that is
   * less than it could be. Left out: nothing is known.
   */
  confinement?: { message: string; hint?: string }
  /** Version of the software behind the provider, as it gives it. */
  version?: string
}
