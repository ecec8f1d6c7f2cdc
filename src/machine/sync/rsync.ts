// Not execa: rsync is given a socket at descriptor 3.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import { PosadaError } from '../../errors/index.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import type { GuestShell } from '../../sync/index.ts'

export interface RsyncOptions {
  /** The folder of the host. */
  root: string
  /** What of it is copied, relative to it, folders before what is in them. */
  paths: readonly Buffer[]
  /** The folder of the guest, which is there. */
  to: string
  signal: AbortSignal
  /** Told of the bytes that have gone. */
  onProgress: (bytes: number) => void
}

export interface RsyncResult {
  /** Files whose content was sent, and the bytes that they have. */
  files: number
  bytes: number
}

/** Whether this host has it. */
export function rsyncIsHere(): boolean {
  return findProgram('rsync') !== null
}

/**
 * In place of ssh(1): tells at descriptor 3 what is to run in the guest, words as a shell would be given them, and then joins
 * that to rsync, until what runs there has ended.
 */
const bridge = `shift; printf '%s\\n' "$*" >&3; exec 4<&0; cat <&4 >&3 & exec cat <&3`

/** Longest command that rsync has run in the guest. */
const longest = 64 * 1024

/** Has rsync copy files to a guest that has it, too. E_COPY. */
export async function rsync(
  guest: GuestShell,
  { root, paths, to, signal, onProgress }: RsyncOptions,
): Promise<RsyncResult> {
  const words = [
    ...[
      '--files-from=-',
      '--from0',
      '--protect-args',
      '--links',
      '--perms',
      '--times',
      '--stats',
      '--no-human-readable',
    ],
    ...[`--rsh=sh -c '${bridge.replaceAll("'", '"')}' sh`, '--', `${root}/`, `guest:${to}/`],
  ]
  const child = spawn('rsync', words, {
    cwd: '/',
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    signal,
  })
  const ended = once(child, 'close') as Promise<[number | null]>
  const [out, said] = [textOf(child.stdout), textOf(child.stderr)]
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(Buffer.concat(paths.flatMap((path) => [path, Buffer.of(0)])))
  const end = child.stdio[3] as Duplex
  child.once('exit', () => end.destroy())
  const join = joinGuest(end, guest, { signal, onProgress }).catch((error: unknown) => {
    child.kill()
    throw error
  })
  const [[code], text, errors, ofGuest] = await Promise.all([ended, out, said, join]).catch(
    (error: unknown) => {
      signal.throwIfAborted()
      throw error
    },
  )
  // 24: some files have gone meanwhile.
  if (code !== 0 && code !== 24) throw failed(to, code, `${ofGuest}${errors}`)
  const count = (what: RegExp) => Number(what.exec(text)?.[1] ?? 0)
  return {
    files: count(/^Number of regular files transferred: (\d+)/m),
    bytes: count(/^Total transferred file size: (\d+)/m),
  }
}

/** The first line that rsync's side says is the command; what follows is for it. Returns what the guest complained of. */
async function joinGuest(
  end: Duplex,
  guest: GuestShell,
  { signal, onProgress }: Pick<RsyncOptions, 'signal' | 'onProgress'>,
): Promise<string> {
  end.on('error', () => undefined)
  const first = await firstLine(end)
  // It has ended before it was to reach the guest, and says why.
  if (first === null) return ''
  const channel = await guest.open(`exec ${first}`, signal)
  try {
    let sent = 0
    end.on('data', (bytes: Buffer) => {
      sent += bytes.length
      onProgress(sent)
    })
    channel.stdin.on('error', () => undefined)
    end.pipe(channel.stdin)
    // What it says last is for rsync, which ends by its end.
    channel.stdout.pipe(end)
    const said = textOf(channel.stderr)
    await channel.exit
    return await said
  } finally {
    channel.close()
  }
}

function firstLine(end: Duplex): Promise<string | null> {
  return new Promise((resolve) => {
    let text = Buffer.alloc(0)
    const take = (bytes: Buffer) => {
      text = Buffer.concat([text, bytes])
      const at = text.indexOf(10)
      if (at < 0 && text.length < longest) return
      end.off('data', take).pause()
      if (at + 1 < text.length) end.unshift(text.subarray(at + 1))
      resolve(at < 0 ? null : text.subarray(0, at).toString())
    }
    end.on('data', take)
    end.once('close', () => resolve(null))
  })
}

async function textOf(stream: Readable | null): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream ?? []) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

function failed(to: string, code: number | null, errors: string): PosadaError {
  const lines = errors.trim().split('\n').slice(-8)
  return new PosadaError('E_COPY', `rsync could not copy all to ${to} (exit code ${code ?? 'none'})`, {
    value: to,
    details: lines,
    hint: 'check the permissions of what it names, and the space that is left in the guest',
  })
}
