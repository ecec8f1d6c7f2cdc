import type { ExitCode } from './exit-code.ts'
import { guestCodes } from './guest-codes.ts'

/**
 * Every code a user can meet, with what it means and the exit code it leads to. docs/errors.md is
 * generated from this table. A code is never renamed or given another meaning once released.
 */
export const errorCodes = {
  // The command line
  E_USAGE: { exit: 2, means: 'The command line is wrong.' },
  E_MACHINE_UNKNOWN: { exit: 2, means: 'The manifest has no machine of this name.' },
  E_MACHINE_AMBIGUOUS: {
    exit: 2,
    means: 'The project has several machines, and the command needs one name.',
  },
  E_CONFIRM: { exit: 2, means: 'The command destroys something and was not confirmed; give --yes.' },
  E_RUN_TIMEOUT: { exit: 124, means: 'posada run took longer than --timeout allows.' },
  E_BUG: { exit: 1, means: 'A fault in Posada itself; please report it.' },
  E_INTERRUPTED: {
    exit: 130,
    means: 'Interrupted; what had been begun was cleaned up or is taken up by the next command.',
  },

  // The manifest
  E_MANIFEST_MISSING: { exit: 2, means: 'No posada.yaml here or in any folder above.' },
  E_MANIFEST_EXISTS: { exit: 2, means: 'posada init would overwrite a manifest.' },
  E_MANIFEST_READ: { exit: 2, means: 'The manifest exists but cannot be read.' },
  E_OWNER: { exit: 2, means: 'The manifest, or a file or plug-in that it uses, belongs to another user.' },
  E_MANIFEST_TOO_LARGE: {
    exit: 2,
    means: 'The manifest is larger than 1 MiB, or expands to more than allowed.',
  },
  E_MANIFEST_INVALID: {
    exit: 2,
    means: 'The manifest has one or more problems; each is reported with its own code.',
  },
  E_YAML: { exit: 2, means: 'The file is not well-formed YAML.' },
  E_KEY_UNKNOWN: { exit: 2, means: 'This key does not exist here.' },
  E_KEY_MISSING: { exit: 2, means: 'A required key is missing.' },
  E_VALUE_TYPE: { exit: 2, means: 'The value is of the wrong type.' },
  E_VALUE_INVALID: { exit: 2, means: 'The value is not one of those allowed.' },
  E_VALUE_UNIT: { exit: 2, means: 'A size or duration lacks its unit, or has one that is not known.' },
  E_VARIABLE_UNSET: { exit: 2, means: 'A ${VARIABLE} is not set.' },
  E_DOTENV: { exit: 2, means: 'A line of .env cannot be understood.' },
  E_DEPENDENCY_CYCLE: { exit: 2, means: 'Machines depend on each other in a circle.' },
  E_EXTENDS: {
    exit: 2,
    means: 'A base manifest is missing or empty, or leads back to one that it is a base of.',
  },
  E_ADDRESS_VARIABLE: {
    exit: 2,
    means: 'A variable is part of an address to fetch from: what it holds would be sent there.',
  },
  E_BASE_FETCHED: {
    exit: 2,
    means:
      'A base manifest that was fetched says what only one of this computer may say: files of the host, options of providers, or variables in a place.',
  },
  E_USER_DATA: { exit: 2, means: 'What `cloud_init` gives is not user-data, or cannot be read.' },
  E_TEMPLATE_UNKNOWN: { exit: 2, means: 'posada init knows no template of this name.' },
  E_CONVERSION: { exit: 2, means: 'posada init --from cannot read or understand the file.' },

  // Project and state
  E_LOCKED: { exit: 1, means: 'Another posada process is working on this machine.' },
  E_STATE_CORRUPT: { exit: 1, means: 'A state file of the project cannot be understood.' },
  E_STATE_VERSION: { exit: 1, means: 'A state file was written by a newer Posada.' },
  E_STATE_FOREIGN: {
    exit: 1,
    means: 'Something in .posada was not written by this user’s Posada on this host, or is a link.',
  },
  E_SUDO: { exit: 2, means: 'A project of the user who called sudo would get files that belong to root.' },
  E_HOME: { exit: 2, means: 'The user has no home folder for Posada’s files.' },
  E_NO_PERMISSION: { exit: 1, means: 'A file or folder cannot be written or read for lack of permission.' },
  E_DISK_FULL: { exit: 1, means: 'The disk is full.' },
  E_DISK_FAULT: { exit: 1, means: 'A disk or a network file system failed.' },
  E_PATH: {
    exit: 1,
    means: 'A path cannot be used: a file where a folder has to be, or the other way round, or too long.',
  },
  E_TOO_MANY_FILES: { exit: 1, means: 'The limit of open files is too low.' },
  E_LOCK_REFUSED: { exit: 1, means: 'The file system cannot lock files.' },
  E_LOOPBACK: { exit: 1, means: 'The host has no 127.0.0.1.' },
  E_SOCKET_PATH: { exit: 1, means: 'The path of the folder for sockets is too long.' },
  E_RUNTIME_DIR: { exit: 1, means: 'The folder for sockets belongs to another user or is open to others.' },

  // Boxes
  E_BOX_MISSING: { exit: 1, means: 'The box is not in the store.' },
  E_BOX_UNKNOWN: { exit: 1, means: 'There is no recipe of this name.' },
  E_BOX_EXISTS: { exit: 1, means: 'The store already has this box; --force replaces it.' },
  E_BOX_IN_USE: { exit: 1, means: 'Machines still use this box.' },
  E_BOX_CORRUPT: { exit: 1, means: 'A file of the box is missing, truncated or changed.' },
  E_BOX_INVALID: { exit: 1, means: 'What was given is not a box.' },
  E_BOX_BUILD: { exit: 1, means: 'Building the box failed.' },
  E_INSTALL: { exit: 1, means: "A system's installer ended without having installed it." },
  E_INSTALL_TIMEOUT: {
    exit: 1,
    means: "A system's installer has not ended in time, or has done nothing for long.",
  },
  E_BOX_PACKAGE: { exit: 1, means: 'A box could not be made from the machine.' },
  E_BOX_ARCH: { exit: 1, means: 'The box is made for another architecture.' },
  E_BOX_SOURCE: {
    exit: 2,
    means: 'The text does not name a box, or names a place that boxes are not taken from.',
  },
  E_BOX_VERSION: { exit: 1, means: 'No version of the box is one of those asked for.' },
  E_CATALOGUE: { exit: 1, means: 'A catalogue of boxes cannot be understood.' },
  E_TRANSFER: {
    exit: 1,
    means: 'A download or an upload failed, or the server did something that is not allowed.',
  },
  E_CHECKSUM: { exit: 1, means: 'What was downloaded does not match its checksum.' },
  E_UNCHECKED: { exit: 1, means: 'The download has no checksum, and nothing allows downloads without one.' },
  E_REGISTRY_AUTH: {
    exit: 1,
    means: 'A registry does not let this user in, or the credentials for it cannot be read.',
  },

  E_LOCKFILE: { exit: 2, means: 'posada.lock cannot be understood, or would become too large to be read.' },
  E_NOT_LOCKED: {
    exit: 2,
    means: 'posada.lock does not have a base manifest, and a command that only looks does not fetch it.',
  },
  E_LOCK_MISMATCH: {
    exit: 1,
    means:
      'A box, a base manifest or a script is not the one that posada.lock asks for; both digests are shown.',
  },

  E_UNTRUSTED: {
    exit: 2,
    means:
      'The project would run something on this computer, or read files outside it, that its user has not agreed to.',
  },

  // Suspended machines and snapshots
  E_NOT_SUSPENDED: { exit: 1, means: 'The machine is not suspended.' },
  E_MEMORY_UNUSABLE: {
    exit: 1,
    means: 'The saved memory of a machine cannot be restored.',
  },
  E_COPY_EXISTS: { exit: 2, means: 'There already is a machine, or a fork, of this name.' },
  E_FORK_UNKNOWN: { exit: 2, means: 'The project has no fork of this name.' },
  E_IDENTITY: {
    exit: 1,
    means: 'The guest of a copied machine did not take on an identity of its own.',
  },
  E_EXPORT: { exit: 1, means: 'A project could not be exported: a machine of it is not shut down, say.' },
  E_IMPORT: { exit: 1, means: 'The file is not a whole exported project, or does not go there.' },
  E_SNAPSHOT_UNKNOWN: { exit: 2, means: 'There is no snapshot of this name.' },
  E_SNAPSHOT_EXISTS: { exit: 2, means: 'A snapshot of this name already exists.' },
  E_SNAPSHOT_DEPTH: {
    exit: 1,
    means: 'The disks of the machine are based on as many snapshots as is allowed.',
  },

  // Providers
  E_PROVIDER_UNKNOWN: { exit: 2, means: 'There is no provider of this name, built in or installed.' },
  E_PROVIDER_INVALID: { exit: 1, means: 'A provider package does not fulfil the contract.' },
  E_PROVIDER_UNUSABLE: { exit: 1, means: 'The provider cannot run on this host.' },
  E_PROVIDER_OPTION: { exit: 2, means: 'A provider option in the manifest is wrong.' },
  E_PROVISIONER_UNKNOWN: { exit: 2, means: 'No package of a provisioner of this name is installed.' },
  E_PROVISIONER_INVALID: { exit: 1, means: 'A provisioner package does not fulfil the contract.' },
  E_AGENT: { exit: 1, means: 'The QEMU guest agent is not there, does not answer, or refuses.' },
  E_CAPABILITY: { exit: 1, means: 'The provider cannot do what was asked.' },
  E_QEMU_MISSING: { exit: 1, means: 'QEMU is not installed.' },
  E_QEMU_START: { exit: 1, means: 'QEMU ended while the machine was being started.' },
  E_QMP: { exit: 1, means: 'QEMU refused a command.' },
  E_QMP_TIMEOUT: { exit: 1, means: 'QEMU did not answer in time.' },
  E_QEMU_IMG: { exit: 1, means: 'A disk image could not be made or read.' },
  E_KVM_MISSING: { exit: 1, means: 'The host has no KVM: /dev/kvm does not exist.' },
  E_KVM_PERMISSION: { exit: 1, means: 'The user may not use /dev/kvm.' },
  E_KVM_UNUSABLE: { exit: 1, means: 'The KVM of this host cannot run machines.' },
  E_KVM_START: { exit: 1, means: 'The built-in hypervisor ended while the machine was being started.' },
  E_CONTROL: {
    exit: 1,
    means: 'A process that Posada runs in the background refused a command or did not answer in time.',
  },
  E_KERNEL_INVALID: { exit: 1, means: 'The file given as kernel is not one that can be booted.' },
  E_MEMORY_TOO_SMALL: { exit: 1, means: 'Kernel and initrd do not fit into the memory of the machine.' },
  E_PASST_MISSING: {
    exit: 1,
    means: 'passt, which joins machines of the built-in hypervisor to the network, is not installed.',
  },
  E_PASST: { exit: 1, means: 'passt ended while a machine was being started.' },
  E_MEMORY_SHORT: { exit: 1, means: 'The host does not have enough memory for the machine.' },
  E_NETWORK_UNKNOWN: { exit: 2, means: 'There is no network of this name in the manifest.' },
  E_SUBNET_CLASH: {
    exit: 2,
    means: 'A network has addresses in common with another one, or with what this host reaches by a route.',
  },
  E_ADDRESS_CLASH: { exit: 2, means: 'Two machines of a network have one address.' },
  E_NETWORK_START: {
    exit: 1,
    means: 'The process that joins the machines of a project could not be started.',
  },
  E_SYNC_SOURCE: {
    exit: 2,
    means: 'A folder of the host that `sync:` names does not exist, or is not a folder.',
  },
  E_SYNC_TARGET: {
    exit: 1,
    means: 'A folder in the guest that `sync:` names is not a folder there, or cannot be written.',
  },
  E_SYNC_NONE: { exit: 1, means: 'No conflict, or nothing in the trash, matches the pattern.' },
  E_SYNC_PROCESS: {
    exit: 1,
    means: 'The process that keeps folders in sync could not be started.',
  },
  E_FORWARDER: { exit: 1, means: 'The process that forwards what listens in a guest could not be started.' },
  E_PORT_IN_USE: { exit: 1, means: 'A port of the host is taken.' },
  E_HOST_ADDRESS: { exit: 2, means: 'The address of another host is not one: ssh://USER@SERVER.' },
  E_HOST_LOGIN: { exit: 1, means: 'Another host cannot be reached or logged in to by ssh.' },
  E_HOST_SETUP: {
    exit: 1,
    means: 'Another host has no Posada, or no Node for it; posada host setup installs it.',
  },
  E_HOST_VERSION: { exit: 1, means: 'Another host has another version of Posada.' },
  E_HOST_LOST: { exit: 1, means: 'The connection to another host is lost; it is made again by itself.' },
  E_HOST_OTHER: { exit: 1, means: 'The machine exists on another host than the one that is asked for.' },
  E_HOST_FAILED: { exit: 1, means: 'Posada failed on the other host, or does not understand what it sent.' },

  // Life of a machine
  E_NOT_CREATED: { exit: 1, means: 'The machine does not exist yet; posada up creates it.' },
  E_KEYBOARD: { exit: 2, means: 'A US keyboard has no such key or character.' },
  E_NO_DISPLAY: { exit: 1, means: 'The machine was started without a `display:`.' },
  E_NOT_RUNNING: { exit: 1, means: 'The machine is not running.' },
  E_MACHINE_CRASHED: { exit: 1, means: 'The machine ended by itself.' },
  E_BOOT_TIMEOUT: { exit: 1, means: 'The machine started, but a stage of its boot did not happen in time.' },
  E_DISK_INVALID: {
    exit: 1,
    means: 'A disk image is damaged, or uses something that Posada does not support.',
  },
  E_DISK_IN_USE: { exit: 1, means: 'Another process has the disk open for writing.' },
  E_DISK_USE: {
    exit: 1,
    means: 'A disk of the manifest cannot be formatted, mounted or grown in the guest.',
  },
  E_DISK_SHRINK: { exit: 2, means: 'A disk cannot be made smaller.' },
  E_NOT_READY: {
    exit: 1,
    means: 'The machine runs, but a probe that the manifest has under `ready` did not succeed in time.',
  },
  E_CLOUD_INIT: { exit: 1, means: 'cloud-init failed in the guest.' },
  E_DEPENDENCY_FAILED: { exit: 1, means: 'A machine that this one depends on did not come up.' },
  E_SEVERAL: { exit: 1, means: 'Several machines failed; each is reported with its own code.' },

  ...guestCodes,
} as const satisfies Record<string, { exit: ExitCode; means: string }>

export type ErrorCode = keyof typeof errorCodes
