import {
  asRootWhereAllowed,
  capture,
  loginFilesScript,
  type SshSession,
  stopFunctions,
} from '../ssh/index.ts'
import type { StepMark } from './contract.ts'

/** What marks the process in the guest that runs a step: its first argument, behind its script. */
export function markedArgument({ machine }: StepMark, step: string): string {
  return `posada-step-${machine}:${step}`
}

/** Where a shell step's script lies. */
export function stepFolder({ machine, run }: StepMark): string {
  return `/tmp/posada-${machine}-${run}`
}

/** In the login user's home; there where a step has ended well, until the host has heard of it. */
const endedFile = '.posada-ended-'

/** Shell line that notes that a step has ended well: a guest that goes down may be unable to say so. */
export function noteEnd({ run }: StepMark): string {
  return `[ $c != 0 ] || : >"$HOME/${endedFile}${run}"`
}

export interface GuestNow {
  /** Of the guest's kernel: another after a restart. */
  bootId: string
  /** Whether it is on its way down. */
  isStopping: boolean
  /** Whether it can say so: not every init does. */
  isKnown: boolean
}

export async function lookAtGuest(session: SshSession, signal?: AbortSignal): Promise<GuestNow> {
  const { stdout } = await capture(session, ['/bin/sh', '-c', nowScript], given(signal))
  const [bootId = '', state = ''] = stdout.split('\n')
  return { bootId, isStopping: state === 'stopping', isKnown: state !== '' }
}

export interface GuestBefore {
  bootId: string
  /** What a login depends on. */
  loginFiles: string
  /** Names of steps that a command which was killed had left running, and that were stopped. */
  stopped: string[]
  /** The runs that have ended well and could not say so. */
  ended: string[]
}

/** Makes a guest ready for steps: what is left of a command that was killed is ended, and taken away. */
export async function beforeSteps(
  session: SshSession,
  machine: string,
  signal?: AbortSignal,
): Promise<GuestBefore> {
  const privileged = await capture(session, asRootWhereAllowed(stopScript, machine), given(signal))
  const { stdout } = await capture(session, ['/bin/sh', '-c', beforeScript], given(signal))
  const [bootId = '', runs = '', ...lines] = stdout.trimEnd().split('\n')
  return {
    bootId,
    stopped: privileged.stdout.split('\n').filter((name) => name !== ''),
    ended: runs.split(' ').map((name) => name.slice(endedFile.length)),
    loginFiles: lines.join('\n'),
  }
}

export interface GuestAfter {
  loginFiles: string
  isStopping: boolean
}

/** The last line of a script's output: a guest that goes down may end it before. */
const end = 'end'

/**
 * Has what a step wrote reach the guest's disk, so that it is there before the step is recorded as done: the record
 * outlives a power cut, and so must the work. A guest without sync(1) goes without.
 */
export async function afterStep(session: SshSession, signal?: AbortSignal): Promise<GuestAfter> {
  const { stdout } = await capture(session, ['/bin/sh', '-c', afterScript], given(signal))
  const [, state = '', ...lines] = stdout.trimEnd().split('\n')
  const isCut = lines.pop() !== end
  return { isStopping: isCut || state === 'stopping', loginFiles: lines.join('\n') }
}

/**
 * A step's process is known by its arguments, /bin/sh -c SCRIPT posada-step-ID:NAME; the pattern does not match itself.
 * What an SSH server started for it is the topmost process above it, the server's own apart. The folders under /tmp
 * are those of shell steps.
 */
const stopScript = `${stopFunctions}
above() {
  read -r s 2>/dev/null </proc/$1/stat || return
  s=\${s##*) }; s=\${s#* }; s=\${s%% *}
  [ "\${s:-0}" -gt 1 ] || return
  read -r c 2>/dev/null </proc/$s/comm || return
  case $c in sshd*|dropbear*) return;; esac
  top=$s; above "$s"
}
for f in $(grep -l "posada-ste[p]-$1:" /proc/[0-9]*/cmdline 2>/dev/null); do
  n=$(tr '\\n\\000' ' \\n' 2>/dev/null <"$f" | sed -n '1{/^\\/bin\\/sh$/!q;}; 4{s/^posada-ste[p]-'"$1"'://p;q;}')
  [ -n "$n" ] || continue
  p=\${f#/proc/}; p=\${p%/*}; top=$p; above "$p"
  stop "$top"; echo "$n"
done
rm -rf /tmp/posada-"$1"-*`

const beforeScript = `cat /proc/sys/kernel/random/boot_id
cd
echo ${endedFile}*
rm -f ${endedFile}*
${loginFilesScript()}`

const nowScript = `cat /proc/sys/kernel/random/boot_id
if [ -d /run/systemd/system ]; then systemctl is-system-running; else echo; fi`

const afterScript = `rm -f "$HOME"/${endedFile}*
sync
${nowScript}
${loginFilesScript()}
echo ${end}`

function given(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
