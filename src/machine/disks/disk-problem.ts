import type { DiskUse } from '../../manifest/index.ts'

const packages: Readonly<Record<string, string>> = {
  ...{ 'mkfs.ext4': 'e2fsprogs', resize2fs: 'e2fsprogs', 'mkfs.xfs': 'xfsprogs', xfs_growfs: 'xfsprogs' },
  ...{ 'mkfs.btrfs': 'btrfs-progs', btrfs: 'btrfs-progs', mkswap: 'util-linux' },
}

/** Why a disk cannot be used as the manifest says, and what to do, by what the guest said of it. Pure. */
export function diskProblem(
  { name, filesystem, mount }: DiskUse,
  { word, rest }: { word: string; rest: string },
  machine: string,
): [why: string, hint: string] {
  const what = rest.slice(0, 300)
  const see = `see the guest: posada ssh ${machine}`
  switch (word) {
    case 'root':
      return [`cannot be mounted: ${what} may not use sudo there`, 'take a box whose user may']
    case 'absent':
      return ['is not seen by the guest', `posada reload ${machine}; its kernel needs virtio_blk`]
    case 'blank':
      return ['is blank, and the manifest says format: false', `format it (${see}), or remove format: false`]
    case 'holds':
      return what === 'other'
        ? [
            `holds something other than ${filesystem}, and is never formatted over`,
            `${see}; to start with a blank one, give it another name`,
          ]
        : [
            `is ${what} already, and the manifest says ${filesystem}`,
            `write filesystem: ${what}, or give the disk another name to start with a blank one`,
          ]
    case 'tool': {
      const tools = packages[what] ?? what
      return [
        `needs ${what}, which the guest does not have`,
        `install ${tools} there, such as: posada exec ${machine} -- sudo apt-get install -y ${tools}; then posada up. Or put it into the box, or take another filesystem`,
      ]
    }
    case 'format':
      return [`cannot be formatted as ${filesystem}: ${what}`, see]
    case 'busy':
      return [`is mounted at ${what} and in use there`, `end what uses it, or posada reload ${machine}`]
    case 'through':
      return [`cannot be mounted at ${mount}, which is a link to ${what}`, `write mount: ${what}`]
    case 'folder':
      return [`cannot be mounted at ${what}, which cannot be made there or is a file`, 'name another folder']
    case 'grow':
      return [`cannot be grown: ${what}`, see]
    default:
      return [
        `cannot be mounted${mount === null ? '' : ` at ${mount}`} as ${filesystem}: ${what}`,
        `${see}; journalctl -k says more; disk ${name} is left as it is`,
      ]
  }
}
