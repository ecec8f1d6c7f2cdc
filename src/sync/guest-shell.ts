import { commitScript } from './guest-commit.ts'
import type { GuestRequests } from './guest-requests.ts'
import {
  digestScript,
  listScript,
  oddDigestScript,
  packScript,
  setting,
  stageScript,
} from './guest-script.ts'

/** What a guest without the agent is asked: shell text. */
export function askShell(
  opened: { root: string; work: string; token: string },
  excluded: readonly string[],
): GuestRequests {
  const begin = setting(opened.root, opened.work, opened.token)
  return {
    list: (scope) => begin + listScript({ ...scope, excluded }),
    digest: (paths) => begin + oddDigestScript(paths),
    digestPlain: (paths) => begin + digestScript(paths),
    pack: (paths) => begin + packScript(paths),
    drain: (batch) => `${begin}cd "$W/${batch}" && tar -c -f - . 2>/dev/null\n`,
    remove: (batch) =>
      `${begin}rm -rf "$W/${batch}" 2>/dev/null || { chmod -R u+rwx "$W/${batch}"; rm -rf "$W/${batch}"; }\n`,
    stage: (blocks) => begin + stageScript(blocks),
    commit: (commit, batch) => begin + commitScript(commit, batch),
    flush: () => `${begin}sync; printf done\n`,
  }
}
