import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import type { GuestShell } from '../../src/sync/index.ts'

/** `dash`, where the agent runs for there is python3; `bare`: without; `busybox`: its shell and its programs alone. */
export type LocalShell = 'dash' | 'bare' | 'busybox'

/** A shell of this host in a guest's place, and the processes of it that run. */
export interface LocalGuest extends GuestShell {
  running: Set<ChildProcessWithoutNullStreams>
}

/**
 * Runs the guest's side of a synchronization by a shell of this host. Each is a process group of its own.
 */
export function localGuest(kind: LocalShell, before = ''): LocalGuest {
  const running = new Set<ChildProcessWithoutNullStreams>()
  const setup = `${kind === 'dash' ? '' : programsOf(kind)}\n${before}\n`
  return {
    running,
    async open(command) {
      const [program, words] = kind === 'busybox' ? ['busybox', ['sh']] : ['dash', []]
      const child = spawn(program as string, [...(words as string[]), '-c', setup + command], {
        detached: true,
      })
      running.add(child)
      const exit = new Promise<number | null>((resolve) => {
        child.once('close', (code) => {
          running.delete(child)
          resolve(code)
        })
        child.once('error', () => resolve(null))
      })
      return {
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        exit,
        close: () => kill(child),
      }
    },
  }
}

/** Ends one with all that it started. */
function kill(child: ChildProcessWithoutNullStreams): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** A folder of links to busybox, or to the programs that are needed, so that no other of the host is used. */
const programsOf = (kind: LocalShell) => `d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
for p in cat chmod chown cp date dd dirname basename find grep head id ls mkdir mktemp mv printf pwd readlink rm rmdir sh sha256sum sleep stat sync tar test tr wc xargs; do ln -s "$(command -v ${kind === 'busybox' ? 'busybox' : '$p'})" "$d/$p"; done
PATH=$d; export PATH`
