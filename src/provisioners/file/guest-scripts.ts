import { posix } from 'node:path'
import type { FileStep } from '../../manifest/index.ts'
import { oldLeftovers, quote } from '../../ssh/index.ts'
import { removeAtEnd } from '../clean.ts'
import { endEntry } from './tar.ts'

/** Replaces a file by what comes through stdin, if all `size` bytes of it came. Runs as root. */
export function fileScript(
  step: FileStep,
  temporary: string,
  { mode, size }: { mode: number; size: number },
): string {
  return `${prepare(step, temporary)}
if [ -d "$to" ]; then fail "$to is a folder; write $to/NAME to put the file into it"; fi
umask 077; cat > "$t"; umask 022
[ "$(wc -c < "$t")" -eq ${size} ] || fail "the file arrived incomplete"
chown "$o" "$t"
chmod ${mode.toString(8)} "$t"
mv -f "$t" "$to"`
}

/**
 * Unpacks the tar archive that comes through stdin into a folder, if all of it came. Runs as root. A file that
 * changes its owner loses its set-ID bits: chown(2).
 */
export function folderScript(step: FileStep, temporary: string): string {
  return `${prepare(step, temporary)}
if [ -e "$to" ] && [ ! -d "$to" ]; then fail "$to already exists and is not a folder"; fi
mkdir -m 700 "$t"
tar -x -p -o -f - -C "$t"
[ -e "$t/${endEntry}" ] || fail "the folder arrived incomplete"
rm "$t/${endEntry}"
find "$t" ! -type l \\( -perm -4000 -o -perm -2000 \\) -exec /bin/sh -c 'for f; do
  m=$(stat -c %a "$f") && chown "$0" "$f" && chmod "$m" "$f" || exit 1
done' "$o" {} + -o -exec chown -h "$o" {} +
if [ ! -e "$to" ]; then mv "$t" "$to"; exit; fi
cd "$t"
find . -type d -exec /bin/sh -c 'for d; do
  [ -d "$0/$d" ] || { mkdir "$0/$d" && chown "$(stat -c %u:%g "$d")" "$0/$d" && chmod "$(stat -c %a "$d")" "$0/$d"; } || exit 1
done' "$to" {} +
find . ! -type d -exec /bin/sh -c 'for f; do
  if [ -d "$0/$f" ] && [ ! -L "$0/$f" ]; then echo "posada: $0/$f is a folder there" >&2; exit 1; fi
  mv -f "$f" "$0/$f" || exit 1
done' "$to" {} +`
}

/** Finds the owner, makes the folders above, and sees to it that the temporary is gone at the end. */
function prepare({ to, owner, group }: FileStep, temporary: string): string {
  const target = posix.normalize(to).replace(/(.)\/$/, '$1')
  const chosen = `${owner === null ? '"${o%%:*}"' : quote(owner)}:${group === null ? groupOf(owner) : quote(group)}`
  return `set -e
to=${quote(target)}; t=${quote(temporary)}
fail() { echo "posada: $1" >&2; exit 1; }
${removeAtEnd(temporary)}
umask 022
p=$to; while [ ! -e "$p" ]; do p=$(dirname "$p"); done
o=$(stat -c %u:%g "$p")
above() { if [ ! -d "$1" ]; then above "$(dirname "$1")"; mkdir "$1"; chown "$o" "$1"; fi; }
above "$(dirname "$to")"
${oldLeftovers('"$(dirname "$to")"')}
o=${chosen}`
}

/** An owner without a group brings the group of the user's own. */
function groupOf(owner: string | null): string {
  return owner === null ? '"${o##*:}"' : `"$(id -g ${quote(owner)})"`
}
