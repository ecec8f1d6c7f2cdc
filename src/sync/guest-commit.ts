import { quote } from '../ssh/index.ts'
import { statFormat } from './guest-script.ts'
import { shownTime } from './listing.ts'
import { parentOf } from './reconcile.ts'
import { chunks, inCommands } from './shell-words.ts'

/** Files of one folder that are looked at before they leave their place; of more it is looked at what left. */
const mostChecked = 200

/** What a commit does in the guest, in this order. Paths are relative to the folder. */
export interface Commit {
  /** Removed from what is staged, first. */
  dropped: readonly string[]
  /** What leaves its place, into the folder `out-<batch>`, if it still is what has this stamp. */
  out: readonly { path: string; stamp: string }[]
  /** Folders that are removed where nothing is left in them, the innermost first. */
  removed: readonly string[]
  /** Those of `out`, and of what is staged, that change places in one step: the agent can, a shell cannot. */
  swapped: readonly string[]
  /** Of what is staged: whole new folders, and single files and links. */
  placed: readonly string[]
  /** Single folders to make, the outermost first. */
  made: readonly string[]
  modes: readonly { path: string; mode: number }[]
  /** What is looked at in the end. */
  looked: readonly string[]
  /** Those with all that is in them. */
  lookedDeep: readonly string[]
}

/** Carries a commit out: what is in the way of something stays where it is, and what is taken away is kept. */
export function commitScript(commit: Commit, batch: string): string {
  const lines: string[] = [`O="$W/${batch}"; I="$W/in-$T"; mkdir -p "$I" && cd "$I" || exit`]
  for (const some of inCommands(commit.dropped)) lines.push(`rm -f ${some}`)
  const seen = new Map(commit.out.map(({ path, stamp }) => [path, shownStamp(stamp)]))
  const leaving = byFolder([...seen.keys()])
  const coming = byFolder(commit.placed)
  for (const some of inCommands([...leaving.keys()].map((folder) => folder || '.')))
    lines.push(`mkdir -p "$O" && cd "$O" && mkdir -p ${some}`)
  /** `then` of names in a folder, of few only where they still are what was seen. */
  const ifSeen = (folder: string, names: readonly string[], then: (some: string) => string): string[] =>
    inCommands(names).map((some, index) => {
      const expected = names.map((name) => seen.get(folder === '' ? name : `${folder}/${name}`) ?? '')
      const isChecked = index === 0 && names.length < mostChecked && !expected.includes('')
      const check = `[ "$(stat -c '%i %s %y' ${some} 2>/dev/null)" = ${quote(expected.join('\n'))} ] && `
      return `${isChecked ? check : ''}${then(some)}`
    })
  const away = (folder: string) => (folder === '' ? '"$O/"' : `"$O/"${quote(folder)}/`)
  const gone = (folder: string): string[] => {
    const names = leaving.get(folder) ?? []
    leaving.delete(folder)
    return ifSeen(folder, names, (some) => `mv ${some} ${away(folder)} 2>/dev/null`)
  }
  const within = (folder: string, commands: readonly string[]) => {
    if (commands.length > 0) lines.push(`( into ${quote(folder)} || exit\n${commands.join('\n')} )`)
  }
  const isEarly = commit.removed.length > 0 || commit.made.some((path) => seen.has(path))
  for (const folder of [...leaving.keys()].sort().reverse())
    if (isEarly || !coming.has(folder)) within(folder, gone(folder))
  for (const some of inCommands(commit.removed)) lines.push(`( into '' && rmdir ${some} 2>/dev/null )`)
  for (const [folder, names] of sorted(byFolder(commit.made)))
    within(
      folder,
      inCommands(names).map((some) => `mkdir -m 700 ${some} 2>/dev/null`),
    )
  for (const [folder, names] of sorted(coming)) {
    const stage = (name: string) => `"$I/"${quote(folder === '' ? name : `${folder}/${name}`)}`
    within(folder, [...gone(folder), ...chunks(names, stage).map((some) => `mv -n ${some} ./ 2>/dev/null`)])
  }
  const modes = new Map<number, string[]>()
  for (const { path, mode } of commit.modes) modes.set(mode, [...(modes.get(mode) ?? []), path])
  for (const [mode, paths] of modes)
    for (const [folder, names] of byFolder(paths))
      within(
        folder,
        inCommands(names).map((some) => `chmod ${mode.toString(8)} ${some} 2>/dev/null`),
      )
  const show = `-exec stat -c '${statFormat}' {} + 2>/dev/null`
  lines.push(
    `[ ! -d "$O" ] || ( cd "$O" && find -P . ${show} )`,
    `echo '//staged'; cd "$I" && find -P . ! -type d ${show}`,
  )
  lines.push(`echo '//placed'; cd "$R"; : >"$W/now-$T"; stat -c '//now %z' "$W/now-$T"`)
  for (const some of inCommands(commit.looked)) lines.push(`find -P ${some} -maxdepth 0 ${show}`)
  for (const some of inCommands(commit.lookedDeep)) lines.push(`find -P ${some} -xdev ${show}`)
  lines.push('rm -rf "$I" 2>/dev/null || { chmod -R u+rwx "$I"; rm -rf "$I"; }; :')
  return `${lines.join('\n')}\n`
}

/** `stat -c '%i %s %y'` of what has this stamp. */
function shownStamp(stamp: string): string {
  const [inode = '', size = '', changed = ''] = stamp.split('.')
  const time = [...changed].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n)
  // A stat that knows no fractions shows the time otherwise.
  return /^[0-9a-z]+$/.test(changed) && time % 1_000_000_000n !== 0n
    ? `${inode} ${size} ${shownTime(time)}`
    : ''
}

function sorted(folders: ReadonlyMap<string, string[]>): [string, string[]][] {
  return [...folders].sort(([a], [b]) => (a < b ? -1 : 1))
}

function byFolder(paths: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const path of paths) {
    const folder = parentOf(path) ?? ''
    const name = folder === '' ? path : path.slice(folder.length + 1)
    const names = found.get(folder)
    if (names === undefined) found.set(folder, [name])
    else names.push(name)
  }
  return found
}
