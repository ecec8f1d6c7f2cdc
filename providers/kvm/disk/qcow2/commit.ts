import { DiskFault } from '../disk.ts'
import type { HostFile } from '../host-file.ts'
import type { GivenUp } from './given-up.ts'
import type { Mapping } from './mapping.ts'
import type { Refcounts } from './refcounts.ts'

export interface CommitParts {
  readonly file: HostFile
  readonly refcounts: Refcounts
  readonly mapping: Mapping
  readonly givenUp: GivenUp
}

/**
 * Brings what has changed in memory onto stable storage, in an order that leaves a sound image wherever it is cut
 * off, by SIGKILL or by loss of power: counts and data, then the refcount table, then L2 tables, then L1, each on
 * stable storage before the next. What was given up becomes free, and can be written over, only after that. So
 * the worst that is left behind is a cluster counted and not used, which the next opening frees.
 */
export class Commit {
  readonly #parts: CommitParts
  /** After one failure the host has dropped what was to be written (fsync(2), Linux): no later success counts. */
  #lost: DiskFault | null = null

  constructor(parts: CommitParts) {
    this.#parts = parts
  }

  run(): void {
    const steps = this.#steps()
    while (!steps.next().done) {
      try {
        this.#parts.file.sync()
      } catch (error) {
        throw this.#lose(error)
      }
    }
  }

  /** As `run`, waiting for the disk aside. */
  async runAway(): Promise<void> {
    const steps = this.#steps()
    while (!steps.next().done) {
      try {
        await this.#parts.file.syncAway()
      } catch (error) {
        throw this.#lose(error)
      }
    }
  }

  #lose(cause: unknown): DiskFault {
    const text = cause instanceof Error ? cause.message : String(cause)
    this.#lost = new DiskFault(`the host has lost what was written to ${this.#parts.file.path}: ${text}`, {
      cause,
    })
    return this.#lost
  }

  /** Writes what is due, and stops where it must be on stable storage before more is written. */
  *#steps(): Generator<void> {
    const { file, refcounts, mapping, givenUp } = this.#parts
    if (this.#lost !== null) throw this.#lost
    refcounts.writeBlocks()
    yield
    if (refcounts.tableDirty) {
      refcounts.writeTable()
      yield
    }
    if (mapping.dirtyTables > 0) {
      mapping.writeTables()
      yield
    }
    if (mapping.l1Dirty) {
      mapping.writeL1()
      yield
    }
    givenUp.free(refcounts, file)
  }
}
