import { problemMark } from './guest-tar.ts'

/** Bytes of what the script says first: `folder`, or `file <size> <mode> <seconds since 1970>`, filled up with spaces. */
export const introduction = 64
/** Bytes that are read of a file whose size the guest gives as 0, as /proc does. */
export const unsizedLimit = 64 * 2 ** 20

/**
 * Shell text that writes what `$1` is and then its content: of a file its bytes, no more than its size was, of a folder a
 * tar archive of all that is in it. Plain POSIX shell; busybox's programs will do.
 */
export const packScript = `say() { echo "${problemMark} $1 $2" >&2; exit 97; }
unset TAR_OPTIONS
p=$1; case $p in -*) p=./$p;; esac
if [ -d "$p" ]; then
  command -v tar >/dev/null || say tool tar
  cd "$p" 2>/dev/null || say closed "$1"
  printf '%-${introduction}s' folder
  exec tar -c -f - .
fi
if [ ! -e "$p" ]; then
  case $(ls -d "$p" 2>&1) in *denied*) say closed "$1";; *) say missing "$1";; esac
fi
[ -f "$p" ] || say odd "$1"
[ -r "$p" ] || say closed "$1"
set -- "$1" $(stat -L -c '%s %a %Y' "$p")
printf '%-${introduction}s' "file $2 $3 $4"
[ "$2" -gt 0 ] || set -- "$1" ${unsizedLimit}
exec head -c "$2" "$p"`
