import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { asObject } from '../values/as-object.ts'

/** What the QEMU guest agent returned; `refused`: why it did not. Null: it is not there, or does not answer. */
export type AgentAnswer = { returned: unknown } | { refused: string } | null

/** A Unix socket, or what opens a channel. */
export type AgentChannel = string | (() => Promise<Duplex>)

export interface AgentOptions {
  signal?: AbortSignal | undefined
  /** Bytes that all it says may have; what is longer is not an answer. */
  limit?: number | undefined
  /** False: the command has no answer, and is done when it was sent. */
  answers?: boolean
}

/** Milliseconds for the agent to answer; under emulation a busy guest takes a second. */
const patience = 3000
const usualLimit = 64 * 1024
const newline = 0x0a

/**
 * Has the QEMU guest agent behind a channel do something. The channel serves one client at a time, so each command has a
 * connection of its own. What a client before left unsaid or half said is passed over. Source: QEMU's qga/qapi-schema.json,
 * guest-sync: a byte 0xFF makes the agent forget half a command.
 */
export async function askAgent(
  to: AgentChannel,
  command: { execute: string; arguments?: object },
  { signal, limit = usualLimit, answers = true }: AgentOptions = {},
): Promise<AgentAnswer> {
  signal?.throwIfAborted()
  const id = Math.floor(Math.random() * 2 ** 31)
  const socket = await open(to)
  if (socket === null) return null
  return new Promise((resolve) => {
    const finish = (answer: AgentAnswer) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(answer)
    }
    const onAbort = () => finish(null)
    const timer = setTimeout(() => finish(null), patience)
    signal?.addEventListener('abort', onAbort)
    socket.once('error', () => finish(null))
    socket.once('close', () => finish(null))
    const say = (message: object) => socket.write(`${JSON.stringify(message)}\n`)
    socket.write(Buffer.of(0xff))
    say({ execute: 'guest-sync', arguments: { id } })
    let isSynced = false
    const hear = (line: string) => {
      const said = parse(line)
      if (isSynced) return finish(answerOf(said))
      if (said.return !== id) return
      isSynced = true
      if (answers) say(command)
      else socket.end(`${JSON.stringify(command)}\n`, () => finish({ returned: null }))
    }
    eachLine(socket, limit, (line) => (line === null ? finish(null) : hear(line)))
  })
}

/** Null: no one listens there. */
async function open(to: AgentChannel): Promise<Duplex | null> {
  try {
    if (typeof to !== 'string') return await to()
    const socket = connect(to)
    await once(socket, 'connect')
    return socket
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return null
    throw error
  }
}

/** Null: all of it is longer than `limit` bytes. */
function eachLine(socket: Duplex, limit: number, hear: (line: string | null) => void): void {
  let held: Buffer[] = []
  let total = 0
  socket.on('data', (chunk: Buffer) => {
    total += chunk.length
    if (total > limit) return hear(null)
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      hear(Buffer.concat([...held, chunk.subarray(from, at)]).toString())
      held = []
      from = at + 1
    }
    held.push(chunk.subarray(from))
  })
}

function parse(line: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(line))
  } catch {
    return {}
  }
}

function answerOf(said: Record<string, unknown>): AgentAnswer {
  if ('return' in said) return { returned: said.return }
  if (!('error' in said)) return null
  const { desc } = asObject(said.error)
  return { refused: typeof desc === 'string' ? desc : 'it does not say why' }
}
