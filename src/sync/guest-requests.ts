import type { Commit } from './guest-commit.ts'

/** The texts of requests to the guest's side. Paths are relative to the folder; answers are the same whoever gives them. */
export interface GuestRequests {
  list(scope: { deep: readonly string[] | 'all'; shallow: readonly string[] }): string
  /** A number, and the digest or a link's target, each with NUL behind it. */
  digest(paths: readonly { path: string; isLink: boolean }[]): string
  /** The same as lines, by one process for many files whose names have no line ends: where processes are what costs. */
  digestPlain?(paths: readonly string[]): string
  pack(paths: readonly string[]): string
  drain(batch: string): string
  remove(batch: string): string
  /** Unpacks the payload, of so many blocks; only the agent inflates it first. */
  stage(blocks: number, isDeflated: boolean): string
  commit(commit: Commit, batch: string): string
  /** The agent's: both in one, the answers with `//came` between them. */
  save?(blocks: number, commit: Commit, batch: string): string
  /** Is answered `done`, or nothing where it has to be asked again. */
  flush(): string
}
