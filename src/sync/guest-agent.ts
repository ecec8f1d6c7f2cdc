import { archive } from './agent/archive.ts'
import { commit } from './agent/commit.ts'
import { core } from './agent/core.ts'
import { stepBack } from './agent/step-back.ts'
import type { Commit } from './guest-commit.ts'
import type { GuestRequests } from './guest-requests.ts'
import { workFolder } from './ignored.ts'
import { bytesOf } from './paths.ts'

/** A program for python3 from 3.7 on: it stays, and does without further processes what the shell's scripts do. */
export const agent: Buffer = bytesOf(`${stepBack}${core}${archive}${commit}`)

/**
 * Shell text that starts it where the guest has such a python3, and says so in a line; the program is what follows on stdin.
 * Otherwise the other word is said and shell text that is given runs.
 */
export function agentOr(loop: string): string {
  const program = `import sys
try:
    if sys.version_info < (3, 7): sys.exit(77)
    import ctypes, errno, os, stat, struct, time, zlib
    ctypes.CDLL(None).syncfs
except Exception: sys.exit(77)
source = open(0, "rb", 262144, closefd=False)
os.write(1, b"agent\\n")
exec(source.read(${agent.length}))`
  return `python3 -ISc '${program}'; case $? in 77|126|127) ;; *) exit ;; esac; echo shell
${loop}`
}

type Field = string | number

/** Fields that each end with NUL. */
function request(...fields: readonly (Field | readonly Field[])[]): string {
  return `${fields.flatMap((field) => (Array.isArray(field) ? [field.length, ...field] : field)).join('\0')}\0`
}

/** Has it make the folder and the one that the engine works in, as `openScript` of a shell. */
export function openAgent(to: string, token: string, excluded: readonly string[]): string {
  return request('open', Buffer.from(to).toString('latin1'), token, workFolder, excluded)
}

function commitFields({ out, modes, ...commit }: Commit, batch: string): (Field | readonly Field[])[] {
  return [
    batch,
    commit.dropped,
    out.map(({ path, stamp }) => `${stamp}/${path}`),
    commit.removed,
    commit.swapped,
    commit.placed,
    commit.made,
    modes.map(({ path, mode }) => `${mode.toString(8)}/${path}`),
    commit.looked,
    commit.lookedDeep,
  ]
}

export const askAgent: GuestRequests = {
  list: ({ deep, shallow }) =>
    deep === 'all' ? request('list', 'all', [], shallow) : request('list', 'some', deep, shallow),
  digest: (paths) =>
    request(
      'digest',
      paths.map(({ path, isLink }) => `${isLink ? 'l' : 'f'}${path}`),
    ),
  pack: (paths) => request('pack', paths),
  drain: (batch) => request('drain', batch),
  remove: (batch) => request('remove', batch),
  stage: (blocks, isDeflated) => request('stage', blocks, isDeflated ? 'deflated' : 'plain'),
  commit: (commit, batch) => request('commit', ...commitFields(commit, batch)),
  save: (blocks, commit, batch) => request('save', blocks, 'plain', ...commitFields(commit, batch)),
  flush: () => request('flush'),
}
