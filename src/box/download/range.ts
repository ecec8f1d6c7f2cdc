import type { PartNotes } from './part-file.ts'

/** How an answer fits what is there already. */
export type Continuation =
  /** What comes goes behind what is there; `total` is the length of the whole. */
  | { kind: 'append'; total: number }
  /** The whole comes again; `total` is null where the server does not say. */
  | { kind: 'whole'; total: number | null }
  /** All of it is there already. */
  | { kind: 'complete' }
  /** What is there fits nothing the server has: start over. */
  | { kind: 'restart' }

/**
 * Headers that ask for the rest of a file; none where it cannot be known that it is still the same one.
 * `trusted`: a checksum will tell. RFC 9110, sections 13.1.5 and 14.2.
 */
export function rangeHeaders(
  have: number,
  notes: PartNotes | null,
  trusted: boolean,
): Record<string, string> {
  if (have === 0) return {}
  // A weak tag says that it is about the same, which is not enough.
  const validator = notes?.etag?.startsWith('"') === true ? notes.etag : (notes?.lastModified ?? null)
  if (validator === null) return trusted ? { range: `bytes=${have}-` } : {}
  return { range: `bytes=${have}-`, 'if-range': validator }
}

/**
 * What an answer to such a request means. Null: the status is none that belongs here. Nothing was asked for in
 * parts where `have` is 0.
 */
export function continuationOf(
  { status, headers }: { status: number; headers: Record<string, string> },
  have: number,
): Continuation | null {
  if (status === 200) return { kind: 'whole', total: lengthOf(headers['content-length']) }
  if (have === 0) return null
  const range = headers['content-range'] ?? ''
  if (status === 416) return { kind: range === `bytes */${have}` ? 'complete' : 'restart' }
  if (status !== 206) return null
  const [, first = '', last = '', whole = ''] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range) ?? []
  const [from, to, total] = [Number(first), Number(last), Number(whole)]
  // A server that answers another range than the one asked for, or half of it, is not accepted.
  const fits = first !== '' && from === have && to === total - 1
  return fits ? { kind: 'append', total } : { kind: 'restart' }
}

/** What the server says of the file, for a later request. */
export function notesOf(headers: Record<string, string>): PartNotes {
  return { etag: short(headers.etag), lastModified: short(headers['last-modified']) }
}

function short(value: string | undefined): string | null {
  return value !== undefined && /^[\x20-\x7e]{1,300}$/.test(value) ? value : null
}

function lengthOf(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null
}
