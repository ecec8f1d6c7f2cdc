import type { Duplex } from 'node:stream'
import { joinDuplex } from '../../lib/net/join-streams.ts'
import { asObject } from '../../lib/values/as-object.ts'
import type { UserPaths } from '../../project/index.ts'
import { isUp, type OpenTo, PosadaError, type Provider, type StopOptions } from '../../provider/index.ts'
import { encodeError } from '../wire/failures.ts'
import { readMessage, writeMessage } from '../wire/lines.ts'
import type { SentMachine, SentSpec } from '../wire/sent-spec.ts'
import { takeImage } from './images.ts'
import { HostedMachines } from './machines.ts'
import { sendLog } from './send-log.ts'

export interface Serving {
  user: UserPaths
  /** A built-in provider of this host. E_PROVIDER_UNKNOWN. */
  provider: (name: string) => Promise<Provider>
}

type Request = Record<string, unknown>

/** Answers one request of another host: a line that says what it wants, and what belongs to it behind that. */
export async function serveStream(stream: Duplex, serving: Serving): Promise<void> {
  const gone = new AbortController()
  stream.once('close', () => gone.abort(new Error('the other host does not wait any more')))
  const request = await readMessage(stream)
  if (request === null) return void stream.destroy()
  // Who waits for an answer is silent until it is there: an end before means that they have gone.
  if (request.do !== 'image' && request.do !== 'open')
    stream.resume().once('end', () => gone.abort(new Error('the other host does not wait any more')))
  try {
    await serve(stream, request, { ...serving, signal: gone.signal })
  } catch (error) {
    writeMessage(stream, { error: encodeError(error) })
    stream.end()
  }
}

async function serve(stream: Duplex, request: Request, at: Serving & { signal: AbortSignal }): Promise<void> {
  const machine = asObject(request.machine) as unknown as SentMachine
  const answer = (result: unknown) => {
    writeMessage(stream, { result: result ?? null })
    stream.end()
  }
  switch (request.do) {
    case 'facts':
      return answer((await at.provider(String(request.provider))).capabilities())
    case 'probe': {
      const provider = await at.provider(String(request.provider))
      return answer(await provider.probe({ fresh: request.fresh === true, signal: at.signal }))
    }
    case 'image':
      await takeImage(stream, at.user, { digest: String(request.digest), size: Number(request.size) })
      return answer({})
    case 'log':
      return sendLog(stream, at, { machine, request })
    case 'open': {
      const { provider, spec } = await existing(at, machine)
      const inner = await provider.open(spec, request.to as OpenTo)
      writeMessage(stream, { result: {} })
      // A serial channel has one listener: that this one has heard enough frees it for the next.
      if (typeof request.to === 'string') stream.once('end', () => inner.destroy())
      return joinDuplex(stream, inner)
    }
    case 'call':
      return answer(await call(at, machine, request))
    default:
      throw new PosadaError('E_HOST_FAILED', 'there is no such request', {
        value: String(request.do).slice(0, 100),
      })
  }
}

/** A method of the contract. One that was never made here is as its provider would say. */
async function call(
  at: Serving & { signal: AbortSignal },
  machine: SentMachine,
  { method, provider: name, spec: sent, args }: Request,
): Promise<unknown> {
  const machines = new HostedMachines(at.user)
  const [first] = Array.isArray(args) ? (args as unknown[]) : []
  if (method === 'create' || method === 'start') {
    const provider = await at.provider(String(name))
    const before = await machines.find(machine)
    const fresh = before === null || !isUp(await provider.status(before.spec))
    const spec = await machines.record({ ...machine, provider: String(name) }, sent as SentSpec, { fresh })
    return method === 'create' ? provider.create(spec) : provider.start(spec, { signal: at.signal })
  }
  const found = await machines.find(machine)
  if (found === null) return withoutMachine(method)
  const { spec } = found
  const provider = await at.provider(found.provider)
  switch (method) {
    case 'status':
      return provider.status(spec)
    case 'stop':
      return provider.stop(spec, { ...(first as StopOptions), signal: at.signal })
    case 'pause':
      return provider.pause(spec)
    case 'resume':
      return provider.resume(spec)
    case 'usage':
      return (await provider.usage?.(spec)) ?? null
    case 'writeConsole':
      return provider.writeConsole?.(spec, Buffer.from(String(first), 'base64'), at.signal)
    case 'destroy':
      await provider.destroy(spec)
      return machines.forget(machine)
    default:
      throw new PosadaError('E_HOST_FAILED', 'there is no such method', {
        value: String(method).slice(0, 100),
      })
  }
}

function withoutMachine(method: unknown): unknown {
  if (method === 'status') return { state: 'absent' }
  if (method === 'stop') return { how: 'already', via: 'none' }
  return method === 'writeConsole' ? false : null
}

async function existing(at: Serving, machine: SentMachine) {
  const found = await new HostedMachines(at.user).find(machine)
  if (found === null) throw new PosadaError('E_NOT_CREATED', 'the machine does not exist on this host')
  return { provider: await at.provider(found.provider), spec: found.spec }
}
