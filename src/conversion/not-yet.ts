/** What other tools have and manifests cannot say yet, as it is told where it is left out. */
export const notYet = {
  disks: 'write it under disks:, with a name and a size',
  hooks: 'write it as a hook, which runs before or after a command',
} as const
