import { within } from '../lib/async/time-limit.ts'
import type { ExecResult } from './channel.ts'
import { channelEnd } from './channel.ts'
import { remoteStart } from './remote-command.ts'
import type { GuestShells } from './session.ts'

/** Milliseconds that a command may take to tell its process id, from the moment it is to be stopped. */
const pidPatience = 3000

/**
 * Ends what runs under a process of the guest: its session and all their descendants, sudo's
 * included, so that nothing started by the command lives on. They get SIGINT, after about a second
 * SIGTERM, some seconds later SIGKILL. It takes a second command over the same connection, for
 * OpenSSH's own `signal` request reaches neither what runs under sudo nor what a shell put into the
 * background. Rejects with E_SSH_LOST where the guest cannot be reached any more.
 */
export async function stopRemote(
  session: GuestShells,
  pid: Promise<number>,
  end: Promise<ExecResult>,
): Promise<void> {
  const ended = end.then(
    () => null,
    () => null,
  )
  const known = await within({ limit: pidPatience, late: () => null }, Promise.race([pid, ended]))
  if (known === null) return
  const command = asRootWhereAllowed(`${stopFunctions}\nstop "$1"`, String(known))
  const channel = await session.boot()
  channel.resume()
  channel.stderr.resume()
  channel.end(remoteStart(command, {}, { loginUser: session.target.user, mark: 'posada-stop' }))
  await channelEnd(session, channel)
}

/**
 * Shell functions. `list P OLD` prints `<pid>:<start time>` of each living process of session P, of their
 * descendants, and of those in OLD that still live: a child whose parent has just ended is found by no family tie any
 * more. `stop P` ends them all. Source: proc(5), /proc/pid/stat.
 */
export const stopFunctions = `
list() {
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$1" -v old=" $2 " '
    /^[0-9]+ \\(.*\\) [A-Z] [0-9]+ [0-9]+ [0-9]+ / {
      pid = $1; s = $0; sub(/^.*\\) /, "", s); split(s, f, " ")
      if (f[1] == "Z") next
      parent[pid] = f[2]; id[pid] = pid ":" f[20]
      if (f[4] == p || pid == p || index(old, " " id[pid] " ")) found[pid] = 1
    }
    END {
      do { more = 0; for (q in parent) if (!(q in found) && (parent[q] in found)) { found[q] = 1; more = 1 } } while (more)
      for (q in found) printf "%s ", id[q]
    }'
}
stop() {
  t=
  for s in INT:6 TERM:20 KILL:20; do
    t=$(list "$1" "$t"); [ -n "$t" ] || return 0
    for x in $t; do kill -s "\${s%%:*}" "\${x%%:*}" 2>/dev/null; done
    i=0
    while [ $i -lt "\${s##*:}" ]; do
      t=$(list "$1" "$t"); [ -n "$t" ] || return 0
      sleep 0.1; i=$((i+1))
    done
  done
  return 1
}`

/** A command that runs the script as root where the login user may become it; its arguments are `$1` and on. */
export function asRootWhereAllowed(script: string, ...args: string[]): string[] {
  const may = `[ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null`
  const run = `if ${may}; then exec sudo -n /bin/sh -c "$0" posada "$@"; else exec /bin/sh -c "$0" posada "$@"; fi`
  return ['/bin/sh', '-c', run, script, ...args]
}
