import { closeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Duplex } from 'node:stream'
import { type ErrorCode, PosadaError } from '../errors/index.ts'
import { within } from '../lib/async/time-limit.ts'
import { readEnd } from '../lib/files/read-end.ts'
import { textFile } from '../lib/native/memory-file.ts'
import { LineDecoder } from '../lib/text/line-decoder.ts'
import { readHandshake } from './handshake.ts'
import { type Detached, spawnDetached } from './spawn-detached.ts'

/** A process to start. */
interface Started {
  /** The built file that the process runs. */
  file: string
  /** For Node itself. */
  flags?: readonly string[]
  /** Its variables, where it is to have others than what our environment leaves a background process. */
  env?: Record<string, string>
  /** What stands behind it on the command line, by which it can be found. */
  arguments?: readonly string[]
  /** Told on its standard input, as JSON, until the input's end. */
  config: object
  /** File that its error output is appended to. */
  log: string
}

export interface LaunchOptions extends Started {
  /** For messages: `the hypervisor`. */
  what: string
  /** The code of a failure that has none of its own. */
  code: ErrorCode
  /** Milliseconds until it has to be ready. */
  limit: number
  signal?: AbortSignal
  /** Told of the process's end, where this one still lives then. */
  onEnd?: () => void
  /** Descriptors of ours that it gets as its own from 3 on. */
  descriptors?: readonly number[]
  /** Pipes at its descriptors behind those, and what is done meanwhile with our ends of them, which are closed then. */
  pipes?: { count: number; work: (ends: readonly Pipe[]) => Promise<void> }
}

/** Our end of a pipe that goes both ways; another process can be given it in its `stdio`. */
export type Pipe = Duplex

/** Longest line of a handshake. */
const handshakeLimit = 64 * 1024

/**
 * Starts a background process, which outlives this one, and waits until it says that it is ready (handshake.ts).
 *
 * @throws PosadaError what the process failed of, or `code`
 */
export async function launchProcess(options: LaunchOptions): Promise<void> {
  const log = await open(options.log, 'a', 0o600)
  const logOffset = (await log.stat()).size
  let child: Detached
  try {
    const pipes = Array.from({ length: options.pipes?.count ?? 0 }, () => 'pipe' as const)
    child = spawnNode(options, ['pipe', log.fd, ...(options.descriptors ?? []), ...pipes])
  } finally {
    await log.close()
  }
  const ends = (child.stdio as unknown[]).slice(3).filter((end) => end instanceof Duplex)
  try {
    const [line] = await Promise.all([handshake(child, options), options.pipes?.work(ends)])
    const failure = readHandshake(line, options)
    if (failure !== null) throw await withLog(failure, options, logOffset)
  } catch (error) {
    await end(child)
    throw error
  } finally {
    child.stdout?.destroy()
    for (const end of ends) end.destroy()
    child.unref()
    if (options.onEnd !== undefined) child.once('exit', options.onEnd)
  }
}

/** Starts a background process that says what becomes of it in its log only. Returns its id. Throws system errors. */
export async function startProcess(options: Started): Promise<number> {
  const log = await open(options.log, 'a', 0o600)
  try {
    const child = spawnNode(options, ['ignore', log.fd])
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('spawn', resolve)
    })
    child.unref()
    return child.pid ?? 0
  } finally {
    await log.close()
  }
}

/** `others`: its descriptors from 1 on. What it is told is there before it is, so that it goes on though this one is killed. */
function spawnNode(
  { flags = [], file, arguments: given = [], env, config }: Started,
  others: readonly (number | 'pipe' | 'ignore')[],
): Detached {
  const input = textFile(JSON.stringify(config))
  try {
    return spawnDetached(process.execPath, [...flags, file, ...given], {
      stdio: [input, ...others],
      ...(env === undefined ? {} : { env }),
    })
  } finally {
    closeSync(input)
  }
}

/** A process that no one waits for any longer has run nothing worth keeping. */
async function end(child: Detached): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** The first line that the process says; empty when it ends without one. */
function handshake(child: Detached, { what, code, limit, signal }: LaunchOptions): Promise<string> {
  const failure = (message: string, cause?: unknown) =>
    new PosadaError(code, message, cause === undefined ? {} : { cause })
  const late = () => {
    throw failure(`${what} did not start within ${limit / 1000} s`)
  }
  const line = new Promise<string>((resolve, reject) => {
    const said = new LineDecoder(handshakeLimit, () => failure(`${what} sent unexpected output`))
    child.once('error', (error) =>
      reject(failure(`${process.execPath} cannot be run: ${error.message}`, error)),
    )
    child.stdout?.on('data', (bytes: Buffer) => {
      try {
        const [first] = said.push(bytes)
        if (first !== undefined) resolve(first)
      } catch (error) {
        reject(error)
      }
    })
    child.stdout?.once('end', () => resolve(''))
  })
  return within({ limit, late, signal }, line)
}

/** A process that ended without a word has left its reason in the log. */
async function withLog(
  failure: PosadaError,
  { code, log }: LaunchOptions,
  offset: number,
): Promise<PosadaError> {
  if (failure.code !== code) return failure
  const lines = ((await readEnd(log, 4096, { from: offset })) ?? '').trim().split('\n').slice(-8)
  return new PosadaError(code, failure.message, { details: lines, hint: `see ${log}` })
}
