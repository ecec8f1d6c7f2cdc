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

/** Shell text that removes what `unpackScript` with the same arguments left, where it was stopped in the middle. */
export const sweepScript = `for t in "$1/$5" "$(dirname -- "$1")/$5"; do
  [ ! -d "$t" ] || { chmod -R u+rwx "$t"; rm -rf "$t"; }
done`

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
 * Shell text that takes a tar archive from stdin to `$1`, as cp does: below it where it is a folder, else under that
 * name. The archive ends with a folder called `$2`, which is not copied: one that lacks it was cut off. `$3` is the name of
 * what is copied, `$4` what it is (`file`, `folder`), `$5` a temporary name, `$6` is `/` where `$1` has to be a folder, `.`
 * where what comes is to be `$1` itself, made with the folders above it; where it is
 * there, nothing is written beside it.
 * Nothing is seen under its own name before all has come, and then each by one rename. Plain POSIX shell; busybox's
 * tar will do. A process takes as long in a guest as a hundred files of a tar, so few steps have one, and no file.
 */
export const unpackScript = `set -e
say() { echo "${problemMark} $1 $2" >&2; exit 97; }
above() { case $1 in */*) p=\${1%/*}; p=\${p:-/};; *) p=.;; esac; }
to=$1; name=$3; kind=$4
command -v tar >/dev/null || say tool tar
if [ "$6" = . ]; then above "$to"; [ -d "$p" ] || mkdir -p -- "$p"
elif [ -d "$to" ]; then to=\${to%/}/$name
elif [ "$6" = / ]; then say slash "$to"; fi
above "$to"; [ -d "$p" ] || say parent "$p"
[ "$6" != . ] || [ ! -d "$to" ] || p=$to
[ "$kind" = folder ] || [ ! -d "$to" ] || say folder "$to"
[ "$kind" = file ] || [ ! -e "$to" ] || [ -d "$to" ] || say file "$to"
case $p in /*) t=$p/$5;; *) t=$PWD/$p/$5;; esac
${oldLeftovers('"$p"')}
trap 'rm -rf "$t" 2>/dev/null || { chmod -R u+rwx "$t" 2>/dev/null; rm -rf "$t"; }' EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 141' PIPE; trap 'exit 143' TERM
umask 077
mkdir -- "$t" || say make "$t"
# busybox holds modes to the umask; the folder above is closed to others.
(umask 0; exec tar -x -p -o -f - -C "$t")
[ -d "$t/$2" ] || say short "$to"
from=$t/$name
if [ "$kind" = file ]; then mv -f -- "$from" "$to"; exit; fi
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
