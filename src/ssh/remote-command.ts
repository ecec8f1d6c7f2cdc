import { PosadaError } from '../errors/index.ts'
import { quote, quoteAll } from './quote.ts'

/** A program with its arguments, or text for the login user's own shell, as `ssh host TEXT` takes it. */
export type RemoteCommand = readonly string[] | string

export interface RemoteSetting {
  env?: Record<string, string>
  cwd?: string
  /** The guest's user; the one that logged in unless given. */
  user?: string
}

export interface RemoteStart {
  /** For the `exec` request: the same for every command, but for the mark and the user. */
  commandLine: string
  /** What has to be written to the command's stdin before anything else. */
  preamble: string
}

/**
 * How a command is started in the guest. What goes on the command line is a small reader, for any
 * user of the guest can see it; environment, folder and command come through stdin, line by line up
 * to the mark, and nothing runs unless the mark has come: a connection that breaks off starts
 * nothing. `read` takes single bytes from a pipe (POSIX.1-2017, read), so the command finds the rest
 * of stdin untouched. The reader first writes `<mark> <its process id>` to stderr.
 */
export function remoteStart(
  command: RemoteCommand,
  setting: RemoteSetting,
  loginUser: string,
  mark: string,
): RemoteStart {
  const reader = readerScript(mark)
  const user = setting.user ?? loginUser
  const rest = user === loginUser ? reader : asUser(user, reader)
  return {
    commandLine: `exec /bin/sh -c ${quote(`echo ${mark} $$ >&2; ${rest}`)}`,
    preamble: `${settingLines(setting)}${startLine(command)}\n${mark}\n`,
  }
}

function readerScript(mark: string): string {
  return `p=; while IFS= read -r l; do if [ "$l" = ${mark} ]; then eval "$p"; exit; fi; p="$p$l\n"; done; exit 255`
}

function asUser(user: string, script: string): string {
  const sudo = `exec sudo -n -H -u ${quote(user)} -- /bin/sh -c ${quote(script)}`
  const su = `exec su -s /bin/sh -c ${quote(script)} ${quote(user)}`
  return (
    `if command -v sudo >/dev/null; then ${sudo}; ` +
    `elif [ "$(id -u)" = 0 ]; then ${su}; ` +
    `else echo "posada: the guest has no sudo to become another user with" >&2; exit 126; fi`
  )
}

/** Shell lines that set the environment and the folder. */
export function settingLines({ env = {}, cwd }: RemoteSetting): string {
  const lines = Object.entries(env).map(([name, value]) => `export ${checkedName(name)}=${quote(value)}\n`)
  if (cwd !== undefined) lines.push(`cd -- ${quote(cwd)} || exit 126\n`)
  return lines.join('')
}

/** The shell line that becomes the command. */
export function startLine(command: RemoteCommand): string {
  // The login user's shell is known by SHELL, which sshd and sudo set; each knows -c.
  if (typeof command === 'string') return `exec "\${SHELL:-/bin/sh}" -c ${quote(command)}`
  if (command.length === 0) throw new RangeError('a command needs at least its name')
  return `exec ${quoteAll(command)}`
}

function checkedName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name
  throw new PosadaError('E_VALUE_INVALID', `${JSON.stringify(name)} cannot be the name of a variable`, {
    value: name,
    hint: 'letters, digits and _ only, not beginning with a digit',
  })
}
