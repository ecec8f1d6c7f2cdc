import { PosadaError } from '../../errors/index.ts'
import type { MountedFolder } from '../../manifest/index.ts'
import { asRootWhereAllowed, capture, type GuestShells } from '../../ssh/index.ts'
import { shareTag } from './mounts.ts'

const mark = 'posada-mount'

/**
 * As root: mounts the folder `$1` at `$2` with the options `$3`, unless it is there; `$4` is how /proc/mounts writes it, and
 * `$5` the lines of /etc/fstab for all folders of this kind, which take the place of those that it has. A guest without
 * depmod's lists is given the modules by their files.
 */
const script = `say() { echo "${mark} $1 $2" >&2; exit 97; }
tag=$1 to=$2 options=$3 shown=$4 lines=$5 user=$6 owner=$7
[ "$(id -u)" = 0 ] || say root "$user"
[ "$(id -u -- "$user")" = "$owner" ] || say owner "$(id -u -- "$user")"
if [ -w /etc/fstab ]; then
  kept=$(grep -v '^posada-[0-9a-f]* ' /etc/fstab)
  [ "$(cat /etc/fstab)" = "$kept\${lines:+
$lines}" ] || printf '%s\\n' "$kept\${lines:+
$lines}" >/etc/fstab.posada && { [ ! -e /etc/fstab.posada ] || { chmod 644 /etc/fstab.posada && mv /etc/fstab.posada /etc/fstab; }; }
fi
grep -qF -- "$tag $shown virtiofs " /proc/mounts && exit 0
[ ! -L "$to" ] || say link "$(readlink -- "$to")"
umask 022
mkdir -p -- "$to" 2>/dev/null && cd -- "$to" || say make "$to"
here=$(pwd -P); [ "$here" = "$to" ] || say through "$here"
cd /
modules=/lib/modules/$(uname -r)/kernel/fs/fuse
modprobe virtiofs 2>/dev/null || for module in fuse virtiofs; do insmod "$modules/$module.ko" 2>/dev/null; done
grep -q virtiofs /proc/filesystems || say kernel virtiofs
why=$(mount -t virtiofs -o "$options" "$tag" "$to" 2>&1) || say mount "$why"`

/** Mounts a folder in a guest whose machine was started with it, and has the guest do so when it boots. E_SYNC_TARGET. */
export async function mountFolder(
  session: GuestShells,
  folder: MountedFolder,
  { all, owner }: { all: readonly MountedFolder[]; owner: number },
): Promise<void> {
  const { to, place } = folder
  const { user, hostAlias: machine } = session.target
  const words = [shareTag(folder), to, optionsOf(folder), escaped(to), all.map(fstabLine).join('\n')]
  const command = asRootWhereAllowed(script, ...words, user, String(owner))
  const { code, stderr } = await capture(session, command, { env: { LC_ALL: 'C' } })
  if (code === 0) return
  const [, word = '', what = ''] = new RegExp(`^${mark} (\\w+) (.*)$`, 'm').exec(stderr) ?? []
  const [why, hint] = problem(word, what, { owner, said: stderr })
  throw new PosadaError('E_SYNC_TARGET', `the folder ${to} of ${machine} ${why}`, {
    ...{ value: to, machine, place, hint },
  })
}

/** What a host's user owns is no one's program to become someone by. */
function optionsOf({ readOnly }: MountedFolder): string {
  return `nosuid,nodev,${readOnly ? 'ro' : 'rw'}`
}

/** fstab(5). `nofail`: a machine that is started without the folder boots all the same. */
function fstabLine(folder: MountedFolder): string {
  return `${shareTag(folder)} ${escaped(folder.to)} virtiofs ${optionsOf(folder)},nofail 0 0`
}

/** As fstab(5) and /proc/mounts write a path. */
function escaped(path: string): string {
  const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`
  return path.replace(/[ \t\n\\]/g, octal)
}

const mirror = 'use type: mirror'

function problem(
  word: string,
  what: string,
  { owner, said }: { owner: number; said: string },
): [why: string, hint: string] {
  switch (word) {
    case 'root':
      return [`cannot be mounted: ${what} may not use sudo there`, mirror]
    case 'owner':
      return [
        `cannot be mounted: the login user has the id ${what}, and files of a mounted folder belong to ${owner}`,
        mirror,
      ]
    case 'link':
      return [`is a link there, to ${what}`, 'name the folder itself, or remove the link']
    case 'through':
      return [`leads through a link to ${what}`, `write to: ${what}`]
    case 'make':
      return ['is not a folder there, and cannot be made', 'name another']
    case 'kernel':
      return ["cannot be mounted: the guest's kernel has no virtiofs", mirror]
    default: {
      const last = said.trim().split('\n').at(-1) ?? ''
      return [`cannot be mounted: ${(what || last).slice(0, 300)}`, `${mirror}, or see the guest`]
    }
  }
}
