/**
 * What the parts of Posada tell while they work. They emit; only src/ui renders. Times are
 * milliseconds, sizes bytes.
 */
export type PosadaEvent =
  | StepEvent
  | OutputEvent
  | ProgressEvent
  | NoticeEvent
  | MachinesEvent
  | MachineEvent
  | SectionEvent

/** A stage of some work: it begins, then is done, skipped or failed. */
export interface StepEvent {
  type: 'step'
  status: 'start' | 'done' | 'skip' | 'fail'
  /** Stable name of the stage: `disk`, `boot`, `ssh`, `provision:postgres`… */
  step: string
  /** For people: what is being done, or why it was skipped. */
  message: string
  machine?: string
  /** How long it took; on done and fail. */
  ms?: number
}

/** A piece of what a program wrote, not cut at line ends. */
export interface OutputEvent {
  type: 'output'
  stream: 'stdout' | 'stderr'
  text: string
  /** What is running, as in StepEvent. */
  step: string
  machine?: string
}

/** How far a long piece of work has got. `total` is absent while it is not known. */
export interface ProgressEvent {
  type: 'progress'
  step: string
  message: string
  done: number
  total?: number
  unit: 'bytes' | 'items'
  /** Units a second over the last seconds; absent until it can be told. */
  rate?: number
  machine?: string
}

/** Something a user should know that is not a failure. */
export interface NoticeEvent {
  type: 'notice'
  level: 'info' | 'warn'
  message: string
  hint?: string
  machine?: string
}

/** A command begins to work on several machines; a MachineEvent says of each how it stands. */
export interface MachinesEvent {
  type: 'machines'
  machines: readonly string[]
}

/** Where one of several machines stands with what the command does. Comes only after a MachinesEvent. */
export interface MachineEvent {
  type: 'machine'
  machine: string
  status: 'wait' | 'work' | 'done' | 'fail'
  /** For people: what it waits for, or what came of it. Empty for `work`: steps say what is done. */
  message: string
  /** From the beginning of its work; on done and fail. */
  ms?: number
}

/** A part of the log that a CI service folds up: what is told between its start and its end. Sections do not overlap. */
export interface SectionEvent {
  type: 'section'
  status: 'start' | 'end'
  name: string
  /** For people. */
  title: string
}

/** Takes events. It never throws and never blocks. */
export type Emit = (event: PosadaEvent) => void
