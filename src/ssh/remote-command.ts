import { PosadaError } from '../errors/index.ts'
import { quote } from './quote.ts'
import { supervised } from './supervised.ts'

/** Text, or bytes that are not UTF-8: the name of a file, say. */
export type Word = string | Buffer

/**
 * A program with its arguments, or text for the login user's own shell, as `ssh host TEXT` takes it; or text for
 * /bin/sh that the shell which reads it runs itself: two processes fewer, and nothing says what signal ended it.
 */
export type RemoteCommand = readonly Word[] | Word | Script

export interface Script {
  script: string
  /** What it finds as `$1`, `$2`… */
  args?: readonly Word[]
}

export interface RemoteSetting {
  env?: Record<string, string>
  cwd?: string
  /** The guest's user; the one that logged in unless given. */
  user?: string
  /** A shell line that the login user runs, in its home, when the command has ended; `$c` is its exit code. */
  whenEnded?: string
}

/**
 * What every command is started by: a shell that runs the first line of its input. The line means the same to
 * all login shells, csh and fish included, and shows nothing to the guest's other users.
 */
export const bootLine = `exec /bin/sh -c 'IFS= read -r l && eval "$l"'`

/**
 * What has to be written to the stdin of `bootLine` before the command's own input. Its first line writes `<mark>` to
 * stdout and `<mark> <process id>` to stderr, then reads environment, folder and command up to the
 * mark; nothing runs unless the mark has come: a connection that breaks off starts nothing. `read` takes
 * single bytes from a pipe (POSIX.1-2017, read), so the command finds the rest of stdin untouched.
 */
export function remoteStart(
  command: RemoteCommand,
  setting: RemoteSetting,
  { loginUser, mark }: { loginUser: string; mark: string },
): Buffer {
  const user = setting.user ?? loginUser
  const reader = readerScript(mark)
  const work = user === loginUser ? reader : asUser(user, reader)
  const run =
    isScript(command) && setting.whenEnded === undefined ? work : supervised(work, setting.whenEnded)
  const first = `echo ${mark}; echo ${mark} $$ >&2; ${run}`
  return Buffer.from(`${first}\n${settingLines(setting)}${startLine(command)}\n${mark}\n`, 'latin1')
}

/** A single line, for it goes into another. A line feed is what a shell's IFS ends with; a process would have to write one. */
function readerScript(mark: string): string {
  return (
    `n=\${IFS#??}; n=\${n%"\${n#?}"}; p=; while IFS= read -r l; do ` +
    `if [ "$l" = ${mark} ]; then eval "$p"; exit; fi; p=$p$l$n; done; exit 255`
  )
}

function asUser(user: string, script: string): string {
  const sudo = `exec sudo -n -H -u ${quote(user)} -- /bin/sh -c ${quote(script)}`
  const su = `exec su -s /bin/sh -c ${quote(script)} ${quote(user)}`
  return (
    `if command -v sudo >/dev/null; then ${sudo}; ` +
    `elif [ "$(id -u)" = 0 ]; then ${su}; ` +
    `else echo "posada: the guest has no sudo, which is needed to run as another user" >&2; exit 126; fi`
  )
}

/** Shell lines that set the environment and the folder; each character is a byte. */
export function settingLines({ env = {}, cwd }: RemoteSetting): string {
  const lines = Object.entries(env).map(
    ([name, value]) => `export ${checkedName(name)}=${quote(byteString(value))}\n`,
  )
  if (cwd !== undefined) lines.push(`cd -- ${quote(byteString(cwd))} || exit 126\n`)
  return lines.join('')
}

/** The shell line that becomes the command; each character is a byte. */
export function startLine(command: RemoteCommand): string {
  // The login user's shell is known by SHELL, which sshd and sudo set; each knows -c.
  if (isWord(command)) return `exec "\${SHELL:-/bin/sh}" -c ${quote(byteString(command))}`
  if (isScript(command)) return `${setArguments(command.args)}${byteString(command.script)}`
  if (command.length === 0) throw new RangeError('a command needs at least its name')
  return `exec ${command.map((word) => quote(byteString(word))).join(' ')}`
}

function setArguments(args: readonly Word[] = []): string {
  return args.length === 0 ? '' : `set -- ${args.map((word) => quote(byteString(word))).join(' ')}\n`
}

function isWord(command: RemoteCommand): command is Word {
  return typeof command === 'string' || Buffer.isBuffer(command)
}

function isScript(command: RemoteCommand): command is Script {
  return typeof command === 'object' && 'script' in command
}

function byteString(word: Word): string {
  return Buffer.from(word as string).toString('latin1')
}

function checkedName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name
  throw new PosadaError('E_VALUE_INVALID', `${JSON.stringify(name)} is not a valid variable name`, {
    value: name,
    hint: 'letters, digits and _ only, not beginning with a digit',
  })
}
