/** What other tools have and manifests cannot say yet, as it is told where it is left out. */
export const notYet = {
  disks: 'further disks are not supported yet',
  hooks: 'hooks that run on the host are not supported yet',
} as const
