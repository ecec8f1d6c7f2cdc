import type { Arch } from '../../lib/values/arch.ts'

/** A machine that an installer runs in, once. Paths are absolute, sizes bytes, times milliseconds. */
export interface InstallJob {
  /** Of the box that it is for, for people. */
  name: string
  arch: Arch
  cpus: number
  memory: number
  boot:
    | { kind: 'kernel'; kernel: string; initrd?: string; cmdline: string }
    | { kind: 'firmware'; firmware: 'bios' | 'uefi' }
  /** An empty disk that is made for it, as qcow2. */
  disk: { path: string; size: number }
  /** Discs in its drives; where firmware boots it, from the first one as long as the disk has nothing to boot. */
  discs: { name: string; path: string }[]
  /** A folder of its own, which is there; `clear` is told it when whoever ran this was killed. */
  folder: string
  timeout: number
  quiet: number
  /** Of its events. */
  step: string
}

/** What runs installers; src/machine/install is the real one. */
export interface Installer {
  /**
   * Resolves once the installer has switched its machine off: the disk is the result, and no process is left of the
   * machine, nor after a failure. E_INSTALL, E_INSTALL_TIMEOUT, and what providers throw.
   */
  run(job: InstallJob): Promise<void>
  /** Ends the machine that was run in this folder, if there is one. */
  clear(folder: string): Promise<void>
}
