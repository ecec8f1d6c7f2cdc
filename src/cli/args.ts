import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

/** Any number of machines; none means all. */
export const machinesArg = Args.string({
  name: 'machine',
  ignoreStdin: true,
  description:
    "Machines, by their names in the manifest, the name that replicas share, or a pattern such as 'web-*'; all when none is given.",
  multiple: true,
})

/** One machine; may be left out where the project has only one. */
export const machineArg = Args.string({
  name: 'machine',
  ignoreStdin: true,
  description:
    'A machine, by its name in the manifest or a pattern that fits one; may be left out when there is only one.',
})

/** A snapshot by its name. */
export const snapshotArg = Args.string({
  name: 'name',
  ignoreStdin: true,
  required: true,
  description: 'The name of a snapshot; several machines may each have one of that name.',
})

/** What a snapshot is to be called. */
export const newSnapshotArg = Args.string({
  name: 'name',
  ignoreStdin: true,
  required: true,
  description: 'Its name: letters, digits, dots, dashes and underscores.',
})

/** What `rewind` goes back to. */
export const rewindArg = Args.string({
  name: 'name',
  ignoreStdin: true,
  description: 'The name of a snapshot; ready when none is given.',
})

/** For a command in a guest that draws on the screen or asks questions. */
export const ttyFlag = Flags.boolean({
  char: 't',
  description:
    'Give the command a terminal, where posada itself has one; its output and errors then come as one.',
})

export const trustFlag = Flags.boolean({
  char: 'y',
  description: 'Agree to what the project runs on this computer, which posada trust shows.',
})

/** What a throw-away machine is made from. */
export const throwAwayFlags = {
  yes: trustFlag,
  machine: Flags.string({
    description: 'The machine of the manifest; the only one by default.',
    helpValue: 'NAME',
  }),
  box: Flags.string({ description: 'The box of the machine, in place of a manifest.', helpValue: 'BOX' }),
}
