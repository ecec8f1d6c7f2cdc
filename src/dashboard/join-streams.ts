import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { createWebSocketStream, type WebSocket } from 'ws'
import { asPosadaError } from '../errors/index.ts'
import { console, findDisplay, type OpenedTerminal, type Project, terminal } from '../machine/index.ts'

/** What a page is joined to, by the last part of a path. */
export type StreamKind = keyof typeof joins

export function isStreamKind(path: string): path is StreamKind {
  return Object.hasOwn(joins, path)
}

export interface JoinOptions {
  kind: StreamKind
  machine: string
  /** Opens the machine's project for as long as the signal says. */
  open: (signal: AbortSignal) => Promise<Project>
}

/** A WebSocket close code for what this application says (RFC 6455, 7.4.2); the reason is for people. */
const ended = 4000

/** Joins a page to a machine until either ends. What fails is the reason that the socket is closed with. */
export async function joinStreams(socket: WebSocket, { kind, machine, open }: JoinOptions): Promise<void> {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  try {
    await joins[kind](socket, await open(gone.signal), machine)
    socket.close(ended)
  } catch (thrown) {
    if (!gone.signal.aborted) socket.close(ended, reasonOf(thrown))
  }
}

/** RFC 6455, 5.5: what a control frame carries has at most 125 bytes, two of them the code. */
function reasonOf(thrown: unknown): string {
  const { code, message } = asPosadaError(thrown)
  return Buffer.from(`${message} [${code}]`)
    .subarray(0, 123)
    .toString('utf8')
    .replace(/\uFFFD$/, '')
}

const joins = { terminal: joinTerminal, console: joinConsole, display: joinDisplay }

/** Bytes are what is typed and shown; a text is the size of the page's terminal. */
async function joinTerminal(socket: WebSocket, project: Project, machine: string): Promise<void> {
  const early: [Buffer, boolean][] = []
  const keep = (data: Buffer, isBinary: boolean) => void early.push([data, isBinary])
  socket.on('message', keep)
  const opened = await terminal(project, machine, { size: { cols: 80, rows: 24 }, term: 'xterm-256color' })
  const { channel } = opened
  const take = (data: Buffer, isBinary: boolean) => {
    if (isBinary) channel.write(data)
    else resize(opened, String(data))
  }
  socket.off('message', keep).on('message', take)
  for (const [data, isBinary] of early) take(data, isBinary)
  // What is not taken by the page stops the guest, not this process.
  const show = (bytes: Buffer) => {
    channel.pause()
    socket.send(bytes, () => channel.resume())
  }
  channel.on('data', show)
  channel.stderr.on('data', show)
  try {
    await new Promise<void>((resolve) => {
      channel.once('close', resolve)
      socket.once('close', () => resolve())
      if (socket.readyState !== socket.OPEN) resolve()
    })
  } finally {
    channel.close()
    await opened.close()
  }
}

const largest = 1000

function resize(opened: OpenedTerminal, text: string): void {
  const [cols, rows] = text.split('x').map(Number)
  const isSize = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0
  if (isSize(cols) && isSize(rows) && cols <= largest && rows <= largest) opened.resize({ cols, rows })
}

async function joinConsole(socket: WebSocket, project: Project, machine: string): Promise<void> {
  const stream = createWebSocketStream(socket)
  const stdin = stream.pipe(new PassThrough())
  stream.on('error', () => stream.destroy())
  await console(project, { machine, stdin, stdout: stream, onAttached: () => undefined })
}

async function joinDisplay(socket: WebSocket, project: Project, machine: string): Promise<void> {
  const screen = connect(await findDisplay(project, machine))
  const stream = createWebSocketStream(socket)
  await new Promise<void>((resolve, reject) => {
    stream.once('close', resolve).on('error', () => stream.destroy())
    screen.once('error', reject).once('close', () => resolve())
    stream.pipe(screen).pipe(stream)
  }).finally(() => screen.destroy())
}
