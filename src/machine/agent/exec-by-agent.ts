import { constants } from 'node:os'
import type { Writable } from 'node:stream'
import { PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { type AgentAnswer, askAgent } from '../../lib/net/agent-client.ts'
import { asObject } from '../../lib/values/as-object.ts'
import type { RemoteCommand } from '../../ssh/index.ts'
import { findUp } from '../guest/find-up.ts'
import type { Project } from '../project.ts'
import type { CommandResult } from '../results.ts'

interface AgentCommand {
  machine: string | undefined
  command: RemoteCommand
  stdout: Writable
  stderr: Writable
}

/** The agent gives up to 16 MiB of each stream, in base64. */
const mostOutput = 48 * 2 ** 20
/** Milliseconds between two looks whether it has ended; each is longer than the one before. */
const pauses = { first: 30, factor: 1.5, longest: 1000 }
/** Looks in a row without an answer: others may be at the channel. */
const mostSilent = 5
/** What a command has of the environment besides the manifest's `env`. */
const basis = { HOME: '/root', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

/**
 * Runs a command by the QEMU guest agent of a machine that has a process, as root, without standard input; what it wrote
 * comes when it has ended. E_AGENT where there is none, it refuses, or the command cannot be started. Source: QEMU's
 * qga/qapi-schema.json, guest-exec and guest-exec-status.
 */
export async function execByAgent(
  project: Project,
  { machine, command, stdout, stderr }: AgentCommand,
): Promise<CommandResult> {
  const { state, provider } = await findUp(project, machine)
  const { name } = state.spec
  if (!provider.capabilities().agent) throw noAnswer(name)
  const channel = () => provider.open(state.spec, 'agent')
  const { signal } = project
  const ask = (execute: string, args: object, limit?: number) =>
    askAgent(channel, { execute, arguments: args }, { signal, limit })
  const [path, ...arg] = wordsOf(command)
  const env = Object.entries({ ...basis, ...envOf(project, name) }).map(([key, value]) => `${key}=${value}`)
  const started = returned(name, await ask('guest-exec', { path, arg, env, 'capture-output': true }))
  const { pid } = asObject(started)
  const stop = () =>
    void askAgent(channel, { execute: 'guest-exec', arguments: { path: 'kill', arg: [String(pid)] } })
  signal.addEventListener('abort', stop, { once: true })
  try {
    const look = () => ask('guest-exec-status', { pid }, mostOutput)
    const ended = await untilEnded(look, { machine: name, signal })
    await write(stdout, ended['out-data'])
    await write(stderr, ended['err-data'])
    if (ended['out-truncated'] === true || ended['err-truncated'] === true) tellCut(project, name)
    return endOf(ended)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function untilEnded(
  look: () => Promise<AgentAnswer>,
  { machine, signal }: { machine: string; signal: AbortSignal },
): Promise<Record<string, unknown>> {
  let silent = 0
  for (let pause = pauses.first; ; pause = Math.min(pause * pauses.factor, pauses.longest)) {
    await sleep(pause, signal)
    const answer = await look()
    signal.throwIfAborted()
    silent = answer === null ? silent + 1 : 0
    if (answer === null && silent < mostSilent) continue
    const status = asObject(returned(machine, answer))
    if (status.exited === true) return status
  }
}

function endOf({ exitcode, signal: number }: Record<string, unknown>): CommandResult {
  if (typeof number !== 'number') return { exitCode: typeof exitcode === 'number' ? exitcode : 255 }
  const [signal] = Object.entries(constants.signals).find(([, each]) => each === number) ?? []
  return { exitCode: 128 + number, ...(signal === undefined ? {} : { signal }) }
}

function wordsOf(command: RemoteCommand): string[] {
  if (typeof command === 'string') return ['/bin/sh', '-c', command]
  const isTexts = (words: RemoteCommand): words is string[] =>
    Array.isArray(words) && words.every((word) => typeof word === 'string')
  if (isTexts(command)) return command
  const hint = 'leave out --agent'
  throw new PosadaError('E_USAGE', 'the guest agent takes words in UTF-8 only', { hint })
}

function envOf({ manifest }: Project, machine: string): Record<string, string> {
  return manifest.machines.find(({ name }) => name === machine)?.env ?? {}
}

async function write(to: Writable, data: unknown): Promise<void> {
  if (typeof data !== 'string') return
  await new Promise<void>((resolve, reject) => {
    to.write(Buffer.from(data, 'base64'), (error) => (error ? reject(error) : resolve()))
  })
}

function tellCut({ emit }: Project, machine: string): void {
  const message = 'the guest agent kept the first 16 MiB of what the command wrote'
  emit({ type: 'notice', level: 'warn', machine, message })
}

function returned(machine: string, answer: AgentAnswer): unknown {
  if (answer === null) throw noAnswer(machine)
  if ('returned' in answer) return answer.returned
  throw new PosadaError('E_AGENT', `the guest agent refused: ${answer.refused}`, {
    machine,
    hint: 'the agent of some distributions must be allowed to run commands (guest-exec)',
  })
}

function noAnswer(machine: string): PosadaError {
  return new PosadaError('E_AGENT', 'no QEMU guest agent answers', {
    machine,
    hint: 'the guest has to run qemu-guest-agent, as the debian boxes do, and to be up; without --agent SSH is used',
  })
}
