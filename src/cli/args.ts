import * as Args from '@oclif/core/args'

/** Any number of machines; none means all. */
export const machinesArg = Args.string({
  name: 'machine',
  ignoreStdin: true,
  description: 'Machines, by their names in the manifest; all when none is given.',
  multiple: true,
})

/** One machine; may be left out where the project has only one. */
export const machineArg = Args.string({
  name: 'machine',
  ignoreStdin: true,
  description: 'A machine, by its name in the manifest; may be left out when there is only one.',
})
