/** What the scripts here say of a failure: a word, and the path that it is about. */
export const problemMark = 'posada-copy'

/**
 * Shell text that removes, from the folder that a shell word names, what was left by a guest whose power was cut while
 * something was copied to it: it is a day old.
 */
export function oldLeftovers(folder: string): string {
  return `for old in ${folder}/.posada-????????????????.tmp; do
  [ ! -e "$old" ] || find "$old" -maxdepth 0 -mtime +0 -exec rm -rf {} + 2>/dev/null || :
done`
}

/** Shell text that removes what a script here with the same arguments left, where it was stopped in the middle. */
export const sweepScript = `for t in "$1/$3" "$(dirname -- "$1")/$3"; do
  [ ! -d "$t" ] || chmod -R -- u+rwx "$t"
  rm -rf -- "$t"
done`

const signals = `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 141' PIPE; trap 'exit 143' TERM`
const helpers = `say() { echo "${problemMark} $1 $2" >&2; exit 97; }
above() { case $1 in */*) p=\${1%/*}; p=\${p:-/};; *) p=.;; esac; }
command -v tar >/dev/null || say tool tar`

/**
 * Shell text that takes a file, as a tar archive of that one under the name `$3`, from stdin to `$1`, as cp does: below it,
 * as `$2`, where it is a folder, else under that name. `$4` is `/` where `$1` has to be a folder. The file is
 * beside its place until all of it has come, and takes that by one rename. Plain POSIX shell; busybox's tar will do.
 * Two processes: each takes as long in a guest as a hundred files of a tar.
 */
export const takeFileScript = `set -e
${helpers}
to=$1
if [ -d "$to" ]; then to=\${to%/}/$2
elif [ "$4" = / ]; then say slash "$to"; fi
above "$to"; [ -d "$p" ] || say parent "$p"
[ ! -d "$to" ] || say folder "$to"
${oldLeftovers('"$p"')}
trap 'rm -f -- "$p/$3"' EXIT
${signals}
# The file's own mode is what it gets, and busybox holds that to the umask.
umask 0
tar -x -p -o -f - -C "$p"
[ -f "$p/$3" ] || say short "$to"
mv -f -- "$p/$3" "$to"
trap - EXIT`

/** Files so many that it pays to have them written out together: ext4 writes each out when it replaces another. */
const many = 100

/**
 * Shell text that moves all that is in the working folder into the folder `$to`, with its mode, and exits, where one
 * process can do so: no folder is in it, and the names fit into a command line. Uses up the arguments.
 */
const flatMerge = `there() { [ -e "$1" ] || [ -L "$1" ]; }
flat=
[ ! -d "$to" ] || [ ! -w "$to" ] || [ ! -w . ] || flat=x
for d in */ .[!.]*/ ..?*/; do [ ! -d "$d" ] || [ -L "\${d%/}" ] || flat=; done
if [ "$flat" ]; then
  set -- ..?*; there "$1" || set --
  set -- .[!.]* "$@"; there "$1" || shift
  set -- * "$@"; there "$1" || shift
  [ $# -lt ${many} ] || (sync -f . &) </dev/null >/dev/null 2>&1
  if [ $# = 0 ] || mv -f -- "$@" "$to/"; then
    set -- $(stat -c %a . "$to/.")
    [ "$1" = "$2" ] || chmod "$1" "$to"
    exit
  fi
fi`

/**
 * The same for a folder and what is in it, called `$2` in the archive, which ends with a folder called `$5`, which is not
 * copied: one that lacks it was cut off. `$4` may also be `.`: what comes is to be `$1` itself, made with the folders
 * above it; where it is there, nothing is written beside it.
 * Nothing is seen under its own name before all has come, and then each by one rename. Few steps have a process, and
 * no file.
 */
export const unpackScript = `set -e
${helpers}
to=$1
if [ "$4" = . ]; then above "$to"; [ -d "$p" ] || mkdir -p -- "$p"
elif [ -d "$to" ]; then to=\${to%/}/$2
elif [ "$4" = / ]; then say slash "$to"; fi
above "$to"; [ -d "$p" ] || say parent "$p"
[ "$4" != . ] || [ ! -d "$to" ] || p=$to
[ ! -e "$to" ] || [ -d "$to" ] || say file "$to"
case $p in /*) t=$p/$3;; *) t=$PWD/$p/$3;; esac
${oldLeftovers('"$p"')}
trap 'rm -rf "$t" 2>/dev/null || { chmod -R u+rwx "$t" 2>/dev/null; rm -rf "$t"; }' EXIT
${signals}
umask 077
mkdir -- "$t" || say make "$t"
# busybox holds modes to the umask; the folder above is closed to others.
(umask 0; exec tar -x -p -o -f - -C "$t")
[ -d "$t/$5" ] || say short "$to"
from=$t/$2
if [ ! -e "$to" ] && [ ! -L "$to" ]; then mv -- "$from" "$to"; exit; fi
case $to in /*) ;; *) to=$PWD/$to ;; esac
cd -- "$from"
${flatMerge}
find . -depth -type d -exec /bin/sh -c '
say() { echo "${problemMark} $1 $2" >&2; exit 97; }
to=$1; shift
modes=$(stat -c %a "$@")
for d; do
  mode=\${modes%%[!0-7]*}; modes=\${modes#"$mode"?}
  if [ ! -d "$to/$d" ]; then
    [ ! -e "$to/$d" ] && [ ! -L "$to/$d" ] || say file "$to/$d"
    mkdir -p -- "$to/$d" || exit
  fi
  [ -w "$to/$d" ] || chmod u+rwx "$to/$d" || exit
  [ -w "$d" ] || chmod u+rwx "$d" || exit
  find "$d" -mindepth 1 -maxdepth 1 ! -type d -exec /bin/sh -c "
    exec mv -f -- \\"\\$@\\" \\"\\$0\\"" "$to/$d/" "{""}" + || {
    for f in "$d"/* "$d"/.[!.]* "$d"/..?*; do
      [ -d "$f" ] && [ ! -L "$f" ] || [ -L "$to/$f" ] || [ ! -d "$to/$f" ] || say folder "$to/$f"
    done
    exit 1
  }
  chmod "$mode" "$to/$d" || exit
done' sh "$to" {} +`
