import type { PosadaEvent } from '../events/index.ts'

/** Which command of which project tells something. */
export interface EventSource {
  /** How the user started it: `posada up`. */
  command: string
  /** The project's name and folder. */
  project: string
  root: string
}

/** What a command told, as it stands in the log: a line of JSON each. */
export type LoggedEvent = PosadaEvent &
  EventSource & {
    /** ISO 8601. */
    at: string
    /** The process that told it. */
    pid: number
  }

/** Bounds of the log. A file is full at `file` bytes; of what a line has for people, `text` characters are kept. */
export const bounds = { file: 2 * 1024 * 1024, text: 4096, line: 64 * 1024, files: 2 }

/** The number of a file of the log; null: it is something else. */
export function numberOf(name: string): number | null {
  const digits = /^(\d{1,12})\.jsonl$/.exec(name)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** The event of a line; null where it makes no sense. */
export function parseLine(line: string): LoggedEvent | null {
  try {
    const event = JSON.parse(line) as Partial<LoggedEvent> | null
    const { at, pid, command, project, root, type } = event ?? {}
    const isWhole = [at, command, project, root, type].every((value) => typeof value === 'string')
    return isWhole && typeof pid === 'number' ? (event as LoggedEvent) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
