import type { Arch } from '../lib/values/arch.ts'

/**
 * What stands in a box's `box.json`. File names are plain names of files beside it: no slash, no
 * `..`. Sizes are bytes, digests lower-case SHA-256 in hexadecimal.
 */
export interface BoxManifest {
  format: 1
  /** `debian/12`: `[a-z0-9][a-z0-9._-]*` twice, with a slash between. */
  name: string
  /** `20261122.1`: digits and dots, compared number by number. */
  version: string
  arch: Arch
  description: string
  /** The first one is booted from, and becomes the machine's disk `root`. */
  disks: BoxDisk[]
  /** Absent: the box boots through firmware. */
  kernel?: BoxKernel
  firmware?: 'bios' | 'uefi'
  /**
   * How to get in the first time. `key` is the private half; it is replaced on the first login, and so are
   * `otherKeys`, which may be in the guest beside it or in its stead. Absent where a seed brings the
   * machine's own key into the guest.
   */
  login: { user: string; key?: BoxFile; otherKeys: BoxFile[] }
  /** The guest takes user, key, name and network from a seed that is made for each machine: cloud-init's NoCloud. */
  seed?: 'nocloud'
  /** Whether the guest writes a line to the serial port `org.posada.ready.0` once it can be logged in to. */
  announcesReady: boolean
  /** Whether the guest runs the QEMU guest agent. */
  agent: boolean
  /** The least memory it boots with, in bytes. */
  minMemory: number
}

export interface BoxKernel {
  kernel: BoxFile
  initrd?: BoxFile
  cmdline: string
  /**
   * Whether at the first boot the initrd puts the ed25519 key that `posada.key=` names on the command line in the
   * place of `login.key`, so that both are on the disk, that and the guest's host key, before it can be logged in to.
   */
  takesKey?: boolean
  /**
   * Whether at a boot with a word `posada.identity=` on the command line that it was not told before the initrd takes away
   * what tells the guest from others, so that it makes all of that again, as at a first boot.
   */
  takesIdentity?: boolean
}

export interface BoxFile {
  file: string
  size: number
  sha256: string
}

export interface BoxDisk extends BoxFile {
  format: 'raw' | 'qcow2'
  /** What the guest sees. */
  virtualSize: number
}

/** A box in the store. */
export interface StoredBox {
  /** SHA-256 of its box.json, which holds the digests of everything else. */
  digest: string
  /** Absolute path of its folder. */
  dir: string
  manifest: BoxManifest
}

/** What is known of a box from outside of its file: from a catalogue, or from the user. */
export interface BoxFacts {
  name?: string
  version?: string
  arch?: Arch
  description?: string
  /** The user that a cloud image lets in. */
  user?: string
  firmware?: 'bios' | 'uefi'
  /** The format of a disk image, which is never guessed for `raw`. */
  image?: 'qcow2' | 'raw'
}
