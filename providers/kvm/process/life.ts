import type { RunEnding } from '../run-record.ts'

/** What a machine is at, between the start of its process and its end. */
export interface Life {
  /** `between`: the first guest is not there yet, or the next one after a restart. */
  readonly phase: 'on' | 'between' | 'ended'
  /** Why the processors stand still, of this guest or the next; null while they may run. */
  readonly still: 'asked' | 'disk-full' | null
  /** Triple faults in a row, each soon after a start. */
  readonly crashes: number
  /** Once it has ended. */
  readonly ending: RunEnding | null
}

export type LifeEvent =
  /** Of the control socket and of signals. */
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'cut'; reason: string }
  /** The guest asks for a restart, or switches itself off. */
  | { type: 'reset' | 'off' }
  /** The guest faulted while handling a fault while handling a fault. `ran`: milliseconds since its start. */
  | { type: 'triple-fault'; ran: number }
  /** The host has no room for what the guest writes to a disk. */
  | { type: 'no-space' }
  | { type: 'failed'; reason: string }
  /** The first or next guest waits for its first instruction. */
  | { type: 'started' }

/** What is to be done now. */
export type LifeAction = 'pause' | 'resume' | 'restart' | 'end' | null

export const firstLife: Life = { phase: 'between', still: null, crashes: 0, ending: null }

/** A processor that faults three times is reset; a guest that does so again and again has crashed. */
const mostCrashes = 3
/** Milliseconds within which it does so again. */
const soon = 10_000

/** What becomes of a machine by an event, and what is to be done. Pure. */
export function afterEvent(life: Life, event: LifeEvent): { life: Life; action: LifeAction } {
  if (life.phase === 'ended') return { life, action: null }
  if (event.type === 'cut') return ended(life, { how: 'cut', reason: event.reason })
  if (event.type === 'failed') return ended(life, { how: 'failed', reason: event.reason })
  return life.phase === 'on' ? whileOn(life, event) : between(life, event)
}

type GuestOrder = Exclude<LifeEvent, { type: 'cut' | 'failed' }>

function whileOn(life: Life, event: GuestOrder): { life: Life; action: LifeAction } {
  switch (event.type) {
    case 'pause':
      return { life: { ...life, still: 'asked' }, action: 'pause' }
    case 'resume':
      return { life: { ...life, still: null }, action: 'resume' }
    case 'no-space':
      return { life: { ...life, still: life.still ?? 'disk-full' }, action: 'pause' }
    case 'off':
      return ended(life, { how: 'off', reason: 'the guest shut down' })
    case 'reset':
      return { life: { ...life, phase: 'between', crashes: 0 }, action: 'restart' }
    case 'triple-fault': {
      const crashes = event.ran < soon ? life.crashes + 1 : 1
      const text = `the guest crashed (triple fault), ${mostCrashes} times in a row`
      if (crashes >= mostCrashes) return ended(life, { how: 'failed', reason: text })
      return { life: { ...life, phase: 'between', crashes }, action: 'restart' }
    }
    case 'started':
      return { life, action: null }
  }
}

/** What the guest before did last no longer counts. */
function between(life: Life, event: GuestOrder): { life: Life; action: LifeAction } {
  switch (event.type) {
    case 'pause':
      return { life: { ...life, still: 'asked' }, action: null }
    case 'resume':
      return { life: { ...life, still: null }, action: null }
    case 'started':
      return { life: { ...life, phase: 'on' }, action: life.still === null ? 'resume' : null }
    default:
      return { life, action: null }
  }
}

function ended(life: Life, ending: RunEnding): { life: Life; action: LifeAction } {
  return { life: { ...life, phase: 'ended', ending }, action: 'end' }
}
