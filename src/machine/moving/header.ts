import { digestPattern, namePattern, userPattern } from '../../lib/values/box-names.ts'
import { count, list, mapOf, oneOf, optional, orNull, partOf, text } from '../../lib/values/shape.ts'
import { memberPath } from './member-path.ts'

/** The first member of an archive of `posada export`: what it is of, and every file that follows. */
export interface ExportHeader {
  version: 1
  /** Of the Posada that wrote it. */
  posada: string
  /** ISO 8601. */
  at: string
  /** The project's name, and its id, which hardware that a guest has seen is made from. */
  project: string
  id: string
  machines: ExportedMachine[]
  files: ExportedFile[]
}

export interface ExportedFile {
  /** In the archive: see `memberPath`. */
  path: string
  /** Bytes. */
  size: number
  sha256: string
}

/** What a machine is, besides its files. All else follows from the manifest that it is brought up with. */
export interface ExportedMachine {
  name: string
  provider: string
  box: { name: string; version: string; digest: string; source?: string | undefined }
  /** The digest of the layer that its disks lie on. */
  layer?: string | undefined
  guest: 'linux' | 'other'
  user: string
  /** ISO 8601. */
  createdAt: string
  /** Bytes of each disk, by its name; the first is the one that it boots from. */
  disks: Map<string, number>
  /** Names of those that outlive it. */
  keptDisks: string[]
  /** Those that the guest mounted or swaps to. */
  diskUses: Map<string, { filesystem: string; mount: string | null; at: string }>
  /** Steps that have succeeded. */
  provision: Map<string, { digest: string; at: string }>
  cloudInit?: { userData: string | null; doneAt?: string | undefined } | undefined
  /** What it has in memory, where it is suspended and that was asked for. */
  memory?: ExportedMemory | undefined
}

/** See SavedMemory. */
export interface ExportedMemory {
  version: 1 | 2
  at: string
  size: number
  sha256: string
  layout?: string | undefined
  hardware: string
  facts: Map<string, string>
  /** Its kernel's command line, where it was not the firmware that loaded that. */
  cmdline?: string | undefined
}

export const headerName = 'posada-export.json'
/** Bytes. */
export const headerLimit = 4 * 2 ** 20

const word = text({ max: 200 })
const digest = text({ pattern: digestPattern, problem: 'not a SHA-256' })
const diskName = text({ pattern: /^[a-z][a-z0-9-]{0,19}$/, problem: 'not the name of a disk' })
const named = <T>(values: Map<string, T>) => Object.fromEntries(values)

const memory = partOf<ExportedMemory>({
  version: oneOf([1, 2]),
  ...{ at: word, size: count(), sha256: digest, hardware: digest },
  layout: optional(word),
  facts: mapOf(text({ max: 4096 })),
  cmdline: optional(text({ pattern: /^[\x20-\x7e]{0,4000}$/, problem: 'not a command line' })),
})

const machine = partOf<ExportedMachine>({
  name: text({ pattern: /^[a-z][a-z0-9-]{0,62}$/, problem: 'not the name of a machine' }),
  provider: text({ pattern: /^[a-z][a-z0-9-]{0,62}$/, problem: 'not the name of a provider' }),
  box: partOf<ExportedMachine['box']>({
    name: text({ pattern: namePattern, problem: 'not the name of a box' }),
    version: word,
    digest,
    source: optional(text({ max: 2000 })),
  }),
  layer: optional(digest),
  guest: oneOf(['linux', 'other']),
  user: text({ pattern: userPattern, problem: 'not the name of a user' }),
  createdAt: word,
  disks: mapOf(count()),
  keptDisks: list(diskName),
  diskUses: mapOf(partOf({ filesystem: word, mount: orNull(text({ max: 4096 })), at: word })),
  provision: mapOf(partOf({ digest: word, at: word })),
  cloudInit: optional(partOf({ userData: orNull(word), doneAt: optional(word) })),
  memory: optional(memory),
})

/** The form of an ExportHeader: it comes from somebody else, and what it names is checked when it is there. */
export const headerShape = partOf<ExportHeader>({
  version: oneOf([1]),
  posada: word,
  at: word,
  project: text({ pattern: /^[a-z0-9][a-z0-9-]{0,62}$/, problem: 'not the name of a project' }),
  id: text({ pattern: /^[0-9a-f]{8}$/, problem: 'not an id' }),
  machines: list(machine, { min: 1 }),
  files: list(partOf<ExportedFile>({ path: memberPath, size: count(), sha256: digest }), { max: 10_000 }),
})

/** As JSON. Pure. */
export function headerText({ machines, ...header }: ExportHeader): string {
  const plain = machines.map(({ disks, diskUses, provision, memory, ...rest }) => ({
    ...rest,
    ...(memory === undefined ? {} : { memory: { ...memory, facts: named(memory.facts) } }),
    ...{ disks: named(disks), diskUses: named(diskUses), provision: named(provision) },
  }))
  return `${JSON.stringify({ ...header, machines: plain }, null, 2)}\n`
}
