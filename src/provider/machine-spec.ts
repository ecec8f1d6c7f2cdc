import type { Arch } from '../lib/values/arch.ts'
import type { Limits } from '../lib/values/limits.ts'

/**
 * All that a provider needs to know to make and run one machine. It is plain data (it survives
 * JSON), holds absolute paths only, and says nothing of manifests, boxes or SSH.
 */
export interface MachineSpec {
  /** 8 hexadecimal digits, unique on this host; also names the machine's runtime folder. */
  id: string
  /** The machine's name in its project: `[a-z][a-z0-9-]{0,62}`. */
  name: string
  /** RFC 4122 UUID, the same for the machine's whole life. */
  uuid: string
  arch: Arch
  /** Virtual processors, at least 1. */
  cpus: number
  /** RAM in bytes, a multiple of 1 MiB. */
  memory: number
  /**
   * Bytes of it that the guest keeps at least, a multiple of 1 MiB; what it does not need of the rest is the host's
   * meanwhile. Null, or absent: all. See `Capabilities.memoryRange`.
   */
  memoryMin?: number | null
  /** Whether the guest may itself run virtual machines. */
  nested: boolean
  /** Absent, in the spec of a machine of an older Posada: none. See `Capabilities.limits`. */
  limits?: Limits
  boot: KernelBoot | FirmwareBoot
  /** The first disk is the one the machine boots from. */
  disks: DiskSpec[]
  /** Its disks are of no use after a power cut of the host: a provider need not flush them. */
  throwAway?: true
  /** What the guest only reads; they come after the disks. Absent: none. See `Capabilities.media`. */
  media?: MediumSpec[]
  /** A guest that starts again ends the machine. Absent: it starts again. See `Capabilities.installs`. */
  endsAtReboot?: true
  /** The one that leads to the outside world comes first; at most one does. */
  nics: NicSpec[]
  /** Folders of the host. Absent: none. See `Capabilities.shares`. */
  shares?: ShareSpec[]
  /** A screen, and a keyboard and a tablet with it. Absent: none. See `Capabilities.display`. */
  display?: DisplaySpec
  files: MachineFiles
  /** What the manifest says under `providers.<this provider>`, not looked at by the core. */
  options: Record<string, unknown>
}

/** The size of a screen at first, in pixels; the guest may choose another. */
export interface DisplaySpec {
  width: number
  height: number
}

/** The provider loads the kernel itself; no firmware runs. */
export interface KernelBoot {
  kind: 'kernel'
  kernel: string
  initrd?: string
  /** The guest's command line, without a console: the provider adds `console=` for the one it has. */
  cmdline: string
}

/** The machine boots from its first disk as a PC would, and from its first disc as long as nothing that boots is there. */
export interface FirmwareBoot {
  kind: 'firmware'
  firmware: 'bios' | 'uefi'
}

export type DiskFormat = 'qcow2' | 'raw'

export interface DiskSpec {
  /** `root` for the first; unique in the machine. */
  name: string
  /** The machine's own file, a qcow2 overlay; it may not be there before `create`. */
  path: string
  base?: DiskBase
  /** What the guest sees, in bytes; at least the base's size, a multiple of 512. */
  size: number
}

/**
 * The image that an overlay lies on, and what that lies on in turn: a layer of a snapshot, and then the box's image. Never
 * written to. Its format is stated, never guessed.
 */
export interface DiskBase {
  path: string
  format: DiskFormat
  base?: DiskBase
}

/** A raw image that the core has made; a provider neither writes nor removes it. */
export interface MediumSpec {
  /** The guest may know it by this, as it does a disk; unique among disks and media. */
  name: string
  /** There before `start`; a multiple of 512 bytes long. */
  path: string
  /** It lies in a drive for CDs. Absent: it is a disk. See `Capabilities.installs`. */
  disc?: boolean
}

/**
 * A folder of the host that the guest mounts by virtio-fs. Whoever works on it in the guest works as the host's user; there
 * all files belong to `owner`. The folder is what is at `path` when the machine is started.
 */
export interface ShareSpec {
  /** What the guest mounts it by: at most 36 bytes, unique in the machine. */
  tag: string
  /** Absolute path, without links in it. */
  path: string
  readOnly: boolean
  /** Absolute paths of folders in it that the guest finds empty and cannot write to. */
  hidden: string[]
  /** The user's id in the guest, and that of its group. */
  owner: number
}

export type NicSpec = UserNic | SwitchNic

/** A NIC behind address translation: out to the world, and in by the forwards only. */
export interface UserNic {
  kind: 'user'
  /** `52:54:00:xx:xx:xx`. */
  mac: string
  forwards: PortForward[]
  /** The guest reaches no one; the forwards lead in all the same. See `Capabilities.isolation`. */
  isolated?: boolean
  /**
   * Ports of the host's loopback that the guest reaches at the gateway, by TCP and UDP; `all` of them. Absent: none.
   * See `Capabilities.hostAccess`.
   */
  hostAccess?: 'all' | readonly number[]
}

/**
 * A NIC on a switch. While the machine runs its provider listens at `socket`, over whatever was left
 * there, for one peer at a time, and for the next when that one goes. Ethernet frames without checksum
 * cross it in both directions, each behind its length (32 bits, big-endian); the guest's own are lost
 * while no one is connected. No offloads: frames have at most `largestFrame` bytes and true checksums.
 * See `Capabilities.switchNics`.
 */
export interface SwitchNic {
  kind: 'switch'
  mac: string
  /** A Unix stream socket in the machine's runtime folder. */
  socket: string
}

/** Every port that leads into the machine. */
export function forwardsOf({ nics }: Pick<MachineSpec, 'nics'>): PortForward[] {
  return nics.flatMap((nic) => (nic.kind === 'user' ? nic.forwards : []))
}

/** The one by which the guest's SSH server is reached, wherever it stands; undefined for a machine without a network. */
export function sshForward(spec: Pick<MachineSpec, 'nics'>): PortForward | undefined {
  const forwards = forwardsOf(spec)
  // Machines that were started before forwards had names had it in the first place.
  return forwards.find(({ name }) => name === 'ssh') ?? forwards[0]
}

export interface PortForward {
  /** What Posada itself needs it for; absent: the manifest asks for it. */
  name?: 'ssh'
  protocol: 'tcp' | 'udp'
  /** Where the host listens; an IPv4 address. */
  hostAddress: string
  hostPort: number
  guestPort: number
}

/**
 * Absolute paths that core and provider share. The two folders are the provider's for this
 * machine: it may put further files of its own there. Sockets belong into `runtimeDir`, whose path
 * is short enough that `<runtimeDir>/<12 characters>` fits a Unix socket address.
 */
export interface MachineFiles {
  /** Lives as long as the machine: overlays and what the provider wants to keep. */
  dataDir: string
  /** Sockets and pid files: lost when the host restarts. Made by the core, mode 0700. */
  runtimeDir: string
  /** What the guest writes to its console, appended. A start keeps one over `consoleLogLimit` as `.1`. */
  consoleLog: string
  /** What the provider's own process writes. */
  providerLog: string
}

/** Bytes over which a start moves the console log to `<name>.1` and begins a new one. */
export const consoleLogLimit = 16 * 1024 * 1024
