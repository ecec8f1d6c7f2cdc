import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { PosadaError } from '../../errors/index.ts'
import { expectSuccess, type HttpResponse, pauseAfter } from '../../http/index.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import { withoutCredentials } from '../../lib/net/url-credentials.ts'
import { checksumText } from '../../lib/values/checksum.ts'
import { checkRoom, tooLong, tooShort, tooSlow, wrongChecksum } from './failures.ts'
import type { DownloadContext, Downloaded, DownloadLimits, DownloadRequest } from './model.ts'
import { openPart, type PartFile, partKey, sweepParts } from './part-file.ts'
import { transfer } from './progress.ts'
import { continuationOf, notesOf, rangeHeaders } from './range.ts'

const standard: DownloadLimits = {
  size: 256 * 1024 ** 3,
  unknownSize: 16 * 1024 ** 3,
  slowest: { bytes: 64 * 1024, period: 60_000 },
  delays: [500, 2000, 5000, 10_000],
}
/** A try that came so much further than all before was not in vain, and does not count as one. */
const worthwhile = 4 * 1024 * 1024

export interface Use<T> {
  /**
   * Gets the whole, checked file, which may be renamed away; it is gone afterwards. It stays for the
   * next command where this one is interrupted.
   */
  use(file: Downloaded): Promise<T>
  /** Asked after another process had the same download first: what it was for may be there now. */
  again?(): Promise<T | null>
}

/**
 * Downloads a file, or resumes what an earlier command left of it, and hands it out once its
 * checksum is right. E_TRANSFER, E_CHECKSUM.
 */
export async function withDownload<T>(
  request: DownloadRequest,
  context: DownloadContext,
  { use, again }: Use<T>,
): Promise<T> {
  const { emit, signal, folder } = context
  await sweepParts(folder)
  const key = partKey(
    withoutCredentials(request.url),
    request.checksum === null ? '' : checksumText(request.checksum),
  )
  const onWait = () =>
    emit({
      type: 'notice',
      level: 'info',
      message: `waiting for another posada process that is fetching ${request.what}`,
    })
  const part = await openPart(folder, key, { signal, onWait })
  try {
    const there = part.waited && again !== undefined ? await again() : null
    if (there !== null) {
      await part.remove()
      return there
    }
    const file = await transfer('fetching', request.what, emit).during(() =>
      fetchWhole(request, part, context),
    )
    try {
      return await use(file)
    } finally {
      if (!signal.aborted) await part.remove()
    }
  } finally {
    await part.handle.close()
  }
}

/** Tries until the file is whole and right; one that was put together of two parts gets one second chance. */
async function fetchWhole(
  request: DownloadRequest,
  part: PartFile,
  context: DownloadContext,
): Promise<Downloaded> {
  const { delays } = { ...standard, ...context.limits }
  let furthest = (await part.handle.stat()).size
  let startedOver = false
  for (let failures = 0; ; ) {
    try {
      const { file, hex, resumed } = await fetchOnce(request, part, context)
      if (request.checksum === null || hex === request.checksum.hex) return file
      if (!resumed || startedOver) {
        await part.remove()
        throw wrongChecksum(request, hex)
      }
      startedOver = true
      await part.handle.truncate(0)
    } catch (error) {
      const { size } = await part.handle.stat()
      if (size - furthest >= worthwhile) failures = 0
      furthest = Math.max(furthest, size)
      await pauseAfter(error, delays[failures++], context)
    }
  }
}

async function fetchOnce(
  request: DownloadRequest,
  part: PartFile,
  context: DownloadContext,
): Promise<{ file: Downloaded; hex: string; resumed: boolean }> {
  const { http, signal } = context
  const { url, checksum } = request
  const have = (await part.handle.stat()).size
  const headers = rangeHeaders(have, await part.readNotes(), checksum !== null)
  const response = await http.request({ url, headers, plain: checksum !== null, signal })
  const next = continuationOf(response, have)
  if (next === null) {
    await expectSuccess(response)
    throw await unexpected(response)
  }
  if (next.kind === 'restart') {
    await response.discard()
    await part.handle.truncate(0)
    return fetchOnce(request, part, context)
  }
  const begin = next.kind === 'whole' ? 0 : have
  const algorithm = checksum?.algorithm ?? 'sha256'
  const hashes = {
    sha256: createHash('sha256'),
    wanted: algorithm === 'sha256' ? null : createHash(algorithm),
  }
  if (begin > 0) await addThere(hashes, part.path, { length: begin, signal })
  let size = begin
  if (next.kind === 'complete') await response.discard()
  else {
    if (begin === 0) await part.handle.truncate(0)
    await part.writeNotes(notesOf(response.headers))
    size = await receive(response, { request, part, context, begin, total: next.total, hashes })
  }
  const sha256 = hashes.sha256.digest('hex')
  const file: Downloaded = { path: part.path, size, sha256, ...described(response) }
  return { file, hex: hashes.wanted?.digest('hex') ?? sha256, resumed: begin > 0 }
}

type Hashes = { sha256: Hash; wanted: Hash | null }

function add({ sha256, wanted }: Hashes, piece: Uint8Array): void {
  sha256.update(piece)
  wanted?.update(piece)
}

async function addThere(
  hashes: Hashes,
  path: string,
  { length, signal }: { length: number; signal: AbortSignal },
): Promise<void> {
  for await (const piece of createReadStream(path, { end: length - 1, highWaterMark: 1024 * 1024 })) {
    signal.throwIfAborted()
    add(hashes, piece)
  }
}

interface Receiving {
  request: DownloadRequest
  part: PartFile
  context: DownloadContext
  begin: number
  total: number | null
  hashes: Hashes
}

/** Writes the body behind what is there; returns the length of the whole. */
async function receive(
  response: HttpResponse,
  { request, part, context, begin, total, hashes }: Receiving,
): Promise<number> {
  const limits = { ...standard, ...context.limits }
  const most = total ?? limits.unknownSize
  if (total !== null && total > limits.size) throw tooLong(request, limits.size)
  await checkRoom(request, part.path, (total ?? 0) - begin)
  const progress = transfer('fetching', request.what, context.emit).progress(total)
  let size = begin
  let period = { since: performance.now(), from: size }
  try {
    for await (const piece of response.body) {
      size += piece.length
      if (size > most) throw tooLong(request, most)
      add(hashes, piece)
      await writeAll(part, piece)
      progress.advance(size)
      const now = performance.now()
      if (now - period.since < limits.slowest.period) continue
      if (size - period.from < limits.slowest.bytes) throw tooSlow(request)
      period = { since: now, from: size }
    }
  } finally {
    await response.discard()
  }
  if (total !== null && size < total) throw tooShort(request, { size, total })
  await part.handle.sync()
  return size
}

async function writeAll(part: PartFile, piece: Uint8Array): Promise<void> {
  // The file is open for appending, so each write goes behind the last.
  for (let done = 0; done < piece.length; )
    done += (await part.handle.write(piece, done, piece.length - done)).bytesWritten
}

function described({ headers }: HttpResponse): Pick<Downloaded, 'modified' | 'contentType'> {
  const modified = new Date(headers['last-modified'] ?? '')
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  return {
    modified: Number.isNaN(modified.getTime()) ? null : modified,
    contentType: type === '' ? null : type,
  }
}

async function unexpected(response: HttpResponse): Promise<PosadaError> {
  await response.discard()
  const shown = shownUrl(response.url)
  return new PosadaError('E_TRANSFER', `${shown} cannot be fetched: the server answered ${response.status}`, {
    value: shown,
    hint: 'check the address',
  })
}
