/** What other tools have and manifests cannot say yet, as it is told where it is left out. */
export const notYet = {
  disks: 'further disks are not supported yet',
  hooks: 'write it as a hook, which runs before or after a command',
} as const
