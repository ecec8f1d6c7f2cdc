import { quote } from '../ssh/index.ts'
import { workFolder } from './ignored.ts'
import { inCommands, words } from './shell-words.ts'

/** What `stat -c` is asked for of each path. No path has `//` in it, as `find` writes them. */
export const statFormat = '%n//%f %i %s %d %y|%z'

/**
 * Shell text of the guest's side: reads requests (a mark, and how many blocks of 512 bytes of shell text follow) from stdin and
 * runs each in a shell of its own, with the functions below. Works with dash and with busybox's shell and programs, needs
 * find, stat, tar, sha256sum, readlink, dd, mv.
 */
export const guestLoop = `LC_ALL=C TZ=UTC0; export LC_ALL TZ; unset TAR_OPTIONS POSIXLY_CORRECT BLOCK_SIZE CDPATH
set -f
U=; case $(tar --version 2>/dev/null) in *GNU*) U=--no-unquote ;; esac
take() { dd bs=65536 count="$1" iflag=fullblock 2>/dev/null; }
ours() { read -r o <"$W/owner" && [ "$o" = "$T" ] || exit 9; }
into() { ours; cd "$R\${1:+/$1}" 2>/dev/null && [ "$(pwd -P; echo .)" = "$R\${1:+/$1}
." ]; }
list() { find -P "$@" 2>>"$W/err-$T"; }
while read -r m n; do
  ( eval "$(dd bs=512 count="$n" iflag=fullblock 2>/dev/null)" ) ; printf '\\n%s %s\\n' "$m" "$?"
done`

/**
 * Makes the folder and the one that the engine works in: beside it where that can be written and is on the same file system,
 * else in it. Says where both are, and what tells the folder from another.
 */
export function openScript(to: string, token: string): string {
  return `for t in find stat tar sha256sum readlink dd mv; do command -v $t >/dev/null || { echo "! the guest has no $t"; exit 0; }; done
r=${quote(Buffer.from(to).toString('latin1'))}
[ -d "$r" ] || mkdir -p "$r" 2>/dev/null || { sudo -n mkdir -p "$r" && sudo -n chown "$(id -u):$(id -g)" "$r"; } 2>/dev/null
cd -P "$r" 2>/dev/null || { echo "! the folder cannot be made or entered"; exit 0; }
[ -w . ] || { echo "! the folder cannot be written by user $(id -un)"; exit 0; }
R=$(pwd -P)
W="\${R%/*}/${workFolder}-\${R##*/}"
same() { [ "$1" = "$2" ]; }
make() { [ ! -L "$1" ] && { [ -d "$1" ] || mkdir -m 700 "$1"; } && [ -O "$1" ] && same $(stat -c %d "$1" .); }
make "$W" 2>/dev/null || { rmdir "$W" 2>/dev/null; W="$R/${workFolder}"; make "$W" || { echo "! the folder cannot be written"; exit 0; }; }
echo ${token} >"$W/owner.${token}" && mv "$W/owner.${token}" "$W/owner" || exit
[ -s "$W/id" ] || echo ${token} >"$W/id" || exit
read -r i <"$W/id"
printf '%s\\0%s\\0%s\\0' "$R" "$W" "$(stat -c '%i %w' .) $i"
set +f
for o in "$W"/in-* "$W"/err-* "$W"/now-*; do [ ! -e "$o" ] || { chmod -R u+rwx "$o"; rm -rf "$o"; }; done
for o in "$W"/out-*; do [ ! -d "$o" ] || printf '%s\\0' "\${o##*/}"; done; :`
}

/** What each later request begins with. */
export function setting(root: string, work: string, token: string): string {
  return `R=${quote(root)}; W=${quote(work)}; T=${token}; ours; cd -P "$R" && [ "$(pwd -P)" = "$R" ] || exit 8\n`
}

/** The file system's own clock, then all paths or those below some; `excluded` are names that are not looked into. */
export function listScript({
  deep,
  shallow,
  excluded,
}: {
  deep: readonly string[] | 'all'
  shallow: readonly string[]
  excluded: readonly string[]
}): string {
  const show = `-exec stat -c '${statFormat}' {} +`
  const names = excluded.map((name) => `-name ${quote(name)}`).join(' -o ')
  const prune = names === '' ? '' : `\\( ${names} \\) -prune ${show} -o `
  const lines = [`: >"$W/err-$T"; : >"$W/now-$T"; stat -c '//now %z' "$W/now-$T"; stat -c '${statFormat}' .`]
  if (deep === 'all') lines.push(`list . -xdev ${prune}${show}`)
  else for (const some of inCommands(deep)) lines.push(`list ${some} -xdev ${prune}${show}`)
  for (const some of inCommands(shallow)) lines.push(`list ${some} -maxdepth 0 ${show}`)
  lines.push(
    `if [ -s "$W/err-$T" ]; then grep -v -e 'No such file' -e 'ermission denied' -e 'not permitted' "$W/err-$T" >&2 && exit 7`,
    `find -P . -xdev -type d -exec sh -c 'for d; do [ -r "$d" ] && [ -x "$d" ] || printf "%s//!\\n" "$d"; done' sh {} + 2>/dev/null`,
    'fi; :',
  )
  return `${lines.join('\n')}\n`
}

/** A digest a line, of files whose names are plain. */
export function digestScript(paths: readonly string[]): string {
  return `${inCommands(paths)
    .map((some) => `sha256sum ${some} 2>/dev/null`)
    .join('\n')}\n:\n`
}

/** The target of each link, or the digest of each file, between NULs, with its number before it. */
export function oddDigestScript(paths: readonly { path: string; isLink: boolean }[]): string {
  const lines = paths.map(({ path, isLink }, index) => {
    const word = quote(`./${path}`)
    const read = isLink ? `readlink -n ${word}` : `sha256sum <${word}`
    return `printf '${index}\\0'; ${read} 2>/dev/null; printf '\\0'`
  })
  return `${lines.join('\n')}\n`
}

/** A tar archive of files and links, or of what lies in a folder of the work folder. */
export function packScript(paths: readonly string[]): string {
  return `tar -c $U -f - ${words(paths)} 2>/dev/null; :\n`
}

/** Unpacks the payload, of so many blocks of 64 KiB, and lists what came. */
export function stageScript(blocks: number): string {
  return `mkdir -p "$W/in-$T" && take ${blocks} | { ( umask 0; tar -x -p -o -m -f - -C "$W/in-$T" ); s=$?; cat >/dev/null; [ $s -eq 0 ]; } || { echo '//failed'; exit 0; }
cd "$W/in-$T" && find -P . -exec stat -c '${statFormat}' {} +\n`
}
