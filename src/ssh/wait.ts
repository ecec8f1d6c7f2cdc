import { isPosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { type Deadline, deadlineIn } from '../lib/async/time-limit.ts'
import { connect } from './connect.ts'
import { type SshStage, stageReached } from './connect-error.ts'
import type { SshSession, SshTarget } from './session.ts'

export interface WaitOptions {
  /** Milliseconds from now. */
  timeout: number
  boxKeyFiles?: readonly string[]
  ownKeyFirst?: boolean
  /** Milliseconds for which refused keys are tried again; 10 000 unless given. */
  authPatience?: number
  /** Told when a connection gets further than any before. */
  onStage?: (stage: SshStage) => void
  signal?: AbortSignal
}

/** Milliseconds that a server may be silent before another connection is tried. */
const bannerPatience = 5000
/** Milliseconds for which refused keys are tried again: a guest may still be setting its user up. */
const loginPatience = 10_000
const pauses = { first: 200, last: 1000 }
const stages: readonly SshStage[] = ['none', 'tcp', 'banner', 'handshake', 'auth']

/**
 * Connects to a guest that is still booting, one connection at a time: each one that is dropped
 * costs the guest a process, and many of them slow its boot down. Throws at the end of the time what
 * the connection that got furthest met (E_SSH_CONNECT, E_SSH_AUTH); E_SSH_HOST_KEY at once.
 */
export async function waitForSsh(target: SshTarget, options: WaitOptions): Promise<SshSession> {
  const { signal, authPatience = loginPatience } = options
  const deadline = deadlineIn(options.timeout)
  let furthest: SshStage = 'none'
  let failure: unknown
  let refusedUntil: Deadline | undefined
  for (let pause = pauses.first; ; pause = Math.min(pause * 1.5, pauses.last)) {
    const left = Math.max(deadline.left(), 1)
    try {
      return await connect(target, {
        timeout: left,
        bannerTimeout: Math.min(bannerPatience, left),
        ...(options.boxKeyFiles === undefined ? {} : { boxKeyFiles: options.boxKeyFiles }),
        ...(options.ownKeyFirst === undefined ? {} : { ownKeyFirst: options.ownKeyFirst }),
        ...(signal === undefined ? {} : { signal }),
        onStage: (stage) => {
          if (stages.indexOf(stage) <= stages.indexOf(furthest)) return
          furthest = stage
          options.onStage?.(stage)
        },
      })
    } catch (error) {
      if (!isPosadaError(error, 'E_SSH_CONNECT', 'E_SSH_AUTH')) throw error
      if (failure === undefined || rank(error) >= rank(failure)) failure = error
      if (isPosadaError(error, 'E_SSH_AUTH')) refusedUntil ??= deadlineIn(authPatience)
    }
    if (refusedUntil?.isOver() === true || deadline.left() <= pause) throw failure
    await sleep(pause, signal)
  }
}

function rank(error: unknown): number {
  return stages.indexOf(stageReached(error))
}
