import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { ReadStream, WriteStream } from 'node:tty'
import { sleep } from '../lib/async/sleep.ts'
import { readEnd } from '../lib/files/read-end.ts'
import { isUp } from '../provider/index.ts'
import { rawMode } from '../ssh/index.ts'
import { type FoundConsole, findConsole } from './guest/find-console.ts'
import { followFile, sizeOf } from './observed/follow-file.ts'
import type { Project } from './project.ts'

export interface ConsoleOptions {
  /** The only machine where none is named. */
  machine: string | undefined
  /** The process's own streams. */
  stdin: Readable
  stdout: Writable
  /** Told before anything is shown; `keys`: what is typed goes to the guest key by key, and Ctrl-] leaves. */
  onAttached: (machine: string, keys: boolean) => void
}

/** Milliseconds between two looks at what the guest wrote, and at whether it still runs. */
const looks = { output: 20, machine: 1000 }

/** Ctrl-], as telnet(1) and virsh(1) have it. */
const escapeByte = 0x1d

/** Of the line that the guest has not ended, a prompt for instance, at most this much. */
const promptBytes = 4096

const esc = String.fromCharCode(27)
/** A soft reset, and what that leaves alone: screen, mouse and paste modes (xterm, ctlseqs). Then a line of one's own. */
const saneTerminal = `${esc}[!p${esc}[?1049;1000;1002;1003;1006;2004l\r\n`

/**
 * Joins the process's streams to a machine's serial console until the user leaves or the machine has ended; others may be
 * there at the same time. The end of a stdin that is not a terminal ends nothing. Rejects with the signal's reason.
 */
export async function console(
  project: Project,
  { machine, stdin, stdout, onAttached }: ConsoleOptions,
): Promise<{ machine: string; why: 'left' | 'ended' }> {
  const found = await findConsole(project, machine)
  const path = found.spec.files.consoleLog
  const from = (await sizeOf(path)) ?? 0
  const prompt = ((await readEnd(path, promptBytes, { end: from })) ?? '').split('\n').at(-1) ?? ''
  const stop = new AbortController()
  const signal = AbortSignal.any([project.signal, stop.signal])
  let over = false
  const show = async (bytes: Uint8Array | string) => {
    if (!stdout.write(bytes)) await once(stdout, 'drain', { signal })
  }
  onAttached(found.spec.name, stdin instanceof ReadStream)
  const restore = stdin instanceof ReadStream ? rawMode(stdin) : () => undefined
  try {
    await show(prompt)
    const output = followFile(path, { from, every: looks.output, onBytes: show, isOver: () => over, signal })
    const left = sendKeys(found, stdin, signal)
    const why = await Promise.race([output.then(() => 'ended' as const), left, untilEnded(found, signal)])
    over = true
    // What it said last.
    if (why === 'ended') await output
    return { machine: found.spec.name, why }
  } finally {
    stop.abort()
    stdin.pause()
    restore()
    if (stdin instanceof ReadStream && stdout instanceof WriteStream) stdout.write(saneTerminal)
  }
}

/** Sends what is typed, as fast as the guest takes it. Resolves when the user leaves, or the terminal is gone. */
async function sendKeys({ write }: FoundConsole, stdin: Readable, signal: AbortSignal): Promise<'left'> {
  const keys = stdin instanceof ReadStream
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const send = async (typed: Buffer) => {
      const end = keys ? typed.indexOf(escapeByte) : -1
      stdin.pause()
      // What a machine that has just ended does not take is lost.
      await write(end === -1 ? typed : typed.subarray(0, end), signal)
      if (end === -1) stdin.resume()
      else resolve('left')
    }
    const onData = (typed: Buffer) => void send(typed).catch(reject)
    const onEnd = () => keys && resolve('left')
    stdin.on('data', onData).on('end', onEnd).on('error', reject)
    signal.addEventListener('abort', () => {
      stdin.off('data', onData).off('end', onEnd).off('error', reject)
      reject(signal.reason)
    })
  })
}

async function untilEnded({ provider, spec }: FoundConsole, signal: AbortSignal): Promise<'ended'> {
  for (;;) {
    await sleep(looks.machine, signal)
    if (!isUp(await provider.status(spec))) return 'ended'
  }
}
