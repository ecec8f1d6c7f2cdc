import { loginFilesScript, loginPaths } from '../ssh/index.ts'
import type { StartFiles } from './start-files.ts'

/**
 * What a shell of the guest says before it runs the first line of its input. `changed`: a login would be another now;
 * `unfit`: its start files were not as expected; `old`: a shell that was started now might be another than this one.
 */
const answers = ['ready', 'changed', 'unfit', 'old'] as const

export type Answer = (typeof answers)[number]

/** Command lines for the shells that a keeper gives out. */
export class ShellScripts {
  /** For one that is wanted at once. */
  readonly fresh: string
  readonly #mark: string
  readonly #loginFiles: string

  /** `loginFiles`: what `loginFilesScript()` printed when the connection was made, on one line. */
  constructor(mark: string, loginFiles: string) {
    this.#mark = mark
    this.#loginFiles = loginFiles
    const begin = `${this.#say('ready')}; IFS= read -r l && eval "$l"`
    this.fresh = script(
      `set -- $(${loginFilesScript()}); if [ "$*" = "${loginFiles}" ]; then ${begin}; else ${this.#say('changed')}; fi`,
    )
  }

  /**
   * For one that is started ahead and waits for an empty line. A process takes an emulated guest longer than all else
   * here, so behind that line the files are not read again: none of them, nor a folder of theirs, may be younger than a
   * moment before they were read. A file of /proc that is held open is as old as its first use. Where all goes so fast
   * that the clock of files does not move meanwhile, or the shell tells times by the second, the files are read. A clock
   * that was set back is noticed.
   */
  spare({ files, sums }: StartFiles): string {
    const [moment, later] = ['/proc/self/fd/9', '/proc/self/fd/8']
    const read = `set -- $(${loginFilesScript(files)})`
    const expected = `${this.#loginFiles} ${sums}`.trimEnd()
    const paths = files === '' ? loginPaths : `${loginPaths} "$HOME" ${files}`
    return `exec 9</proc/self/status; ${script(
      `exec 8</proc/self/stat; ${read}; case "$*" in "${expected}") ;; ` +
        `"${this.#loginFiles}"*) ${this.#say('unfit')}; exit;; *) ${this.#say('changed')}; exit;; esac; ` +
        `old() { ${this.#say('old')}; exit; }; IFS= read -r l || exit; ` +
        `if [ ${later} -nt ${moment} ]; then ` +
        `[ /proc/self/limits -ot ${moment} ] && old; ` +
        `for l in ${paths}; do [ "$l" -nt ${moment} ] && old; done; ` +
        `else ${read}; [ "$*" = "${expected}" ] || old; fi; ` +
        `exec 8<&- 9<&-; ${this.#say('ready')}; IFS= read -r l && eval "$l"`,
    )}`
  }

  /** The first answer in what a shell wrote, and what comes behind it. */
  find(text: string): { answer: Answer; rest: string } | null {
    for (const answer of answers) {
      const word = `${this.#mark} ${answer}\n`
      const at = text.indexOf(word)
      if (at >= 0) return { answer, rest: text.slice(at + word.length) }
    }
    return null
  }

  #say(answer: Answer): string {
    return `echo ${this.#mark} ${answer}`
  }
}

/** No quote of this kind is in them, and each login shell takes these. */
function script(text: string): string {
  return `exec /bin/sh -c '${text}'`
}
