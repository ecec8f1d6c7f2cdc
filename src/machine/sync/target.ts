import { PosadaError } from '../../errors/index.ts'
import type { SyncedFolder } from '../../manifest/index.ts'
import { asRootWhereAllowed, capture, type GuestShells, quote } from '../../ssh/index.ts'

/** What the scripts here say of a failure: a word, and the path that it is about. */
const mark = 'posada-sync'

/**
 * Makes a folder `$1` that belongs to the user `$2`, and folders above it that belong to the owner of the nearest that is
 * there. One that is there and empty is given to the user. A link in its place would lead out of what was named.
 */
const makeScript = `set -e
say() { echo "${mark} $1 $2" >&2; exit 97; }
umask 022
to=$1; user=$2
[ ! -L "$to" ] || say link "$(readlink -- "$to")"
[ -d "$to" ] || [ ! -e "$to" ] || say file "$to"
above() { [ -d "$1" ] || { above "$(dirname -- "$1")"; mkdir -- "$1" 2>/dev/null || say make "$1"; chown "$o" "$1" 2>/dev/null || :; }; }
p=$to; while [ ! -e "$p" ]; do p=$(dirname -- "$p"); done
[ -d "$p" ] || say file "$p"
o=$(stat -c %u:%g "$p")
above "$(dirname -- "$to")"
[ -d "$to" ] || mkdir -- "$to" 2>/dev/null || say make "$to"
[ -n "$(find "$to" -prune -user "$user")" ] || [ -n "$(ls -A -- "$to")" ] || chown "$user:$(id -g -- "$user")" "$to"`

/** Makes a folder without `sudo`, where the one above is the user's own and no link leads there. */
const ownScript = `own() { p=\${1%/*}; [ -O "$p" ] && [ -w "$p" ] && [ ! -L "$1" ] && ( cd "$p" && [ "$(pwd -P)" = "$p" ] ) && mkdir "$1"; }`

/** As the user itself: whether it can work there, and where that is. */
const lookScript = `set -e
say() { echo "${mark} $1 $2" >&2; exit 97; }
cd -- "$1" 2>/dev/null && [ -r . ] && [ -w . ] || say write "$1"
here=$(pwd -P); [ "$here" = "$1" ] || say through "$here"`

/**
 * Sees to it that a folder is in the guest, where it is named and not where a link leads, and that the login user can
 * write to it. Returns whether the guest has rsync. E_SYNC_TARGET.
 */
export async function prepareTarget(
  session: GuestShells,
  { to, place }: SyncedFolder,
): Promise<{ hasRsync: boolean }> {
  const { user, hostAlias: machine } = session.target
  const making = asRootWhereAllowed(makeScript, to, user).map(quote).join(' ')
  // One command for all of it, and few processes: each takes an emulated guest a moment, and `sudo` many.
  const script = `look() (\n${lookScript}\n)\n${ownScript}
{ look "$1" 2>/dev/null || { own "$1" && look "$1"; } 2>/dev/null || { ${making} && look "$1"; }; } || exit
command -v rsync || :`
  const command = ['/bin/sh', '-c', script, 'sh', to]
  const { code, stdout, stderr } = await capture(session, command, { env: { LC_ALL: 'C' } })
  if (code === 0) return { hasRsync: stdout.includes('rsync') }
  const [, word = '', path = to] = new RegExp(`^${mark} (\\w+) (.*)$`, 'm').exec(stderr) ?? []
  const [why, hint] = problem(word, { path, to, user, said: stderr })
  throw new PosadaError('E_SYNC_TARGET', `the folder ${to} of ${machine} ${why}`, {
    value: to,
    machine,
    place,
    hint,
  })
}

function problem(
  word: string,
  { path, to, user, said }: { path: string; to: string; user: string; said: string },
): [why: string, hint: string] {
  switch (word) {
    case 'link':
      return [`is a link there, to ${path}`, 'name the folder itself, or remove the link']
    case 'through':
      return [`leads through a link to ${path}`, `write to: ${path}`]
    case 'file':
      return [
        path === to ? 'is not a folder there' : `lies below ${path}, which is not a folder`,
        'name another',
      ]
    case 'make':
      return [`cannot be made: ${path} is refused`, `name a folder that ${user} may write to`]
    case 'write':
      return [
        `cannot be read and written by ${user}`,
        `give it to that user: posada exec MACHINE -- sudo chown ${user} ${to}`,
      ]
    default:
      return [`cannot be made (${said.trim().split('\n').at(-1)?.slice(0, 300) ?? ''})`, 'see the guest']
  }
}
