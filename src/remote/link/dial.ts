import { Duplex } from 'node:stream'
import { PosadaError } from '../../errors/index.ts'
import { within } from '../../lib/async/time-limit.ts'
import { contractVersion } from '../../provider/index.ts'
import { formatHost, type HostAddress } from '../wire/address.ts'
import { readMessage, writeMessage } from '../wire/lines.ts'
import { noLogin, ownFailure, runBySsh, type SshChild, type SshEnvironment } from '../wire/ssh.ts'

/** A connection on which the other end says next what it has received of a pipe, or that it knows nothing of it. */
export interface Dialled {
  carrier: Duplex
  /** Bytes that it has received; null: it has no such pipe any more. */
  received: number | null
}

export interface DialOptions {
  address: HostAddress
  env: SshEnvironment
  /** This Posada's version, which the other host has to have. */
  version: string
  /** The pipe's name, and the bytes that it has received. */
  pipe: { name: string; received: number }
  signal: AbortSignal
}

/** Milliseconds for all of it: a login over a slow line, and Node's start there on a busy host. */
const patience = 60_000
/** It asks nothing, and notices within a minute that the line is dead. */
const settings = ['BatchMode=yes', 'ServerAliveInterval=15', 'ServerAliveCountMax=3']

/** What `posada host setup` put there, else a Posada of the host's own. */
const script = `d="\${XDG_DATA_HOME:-$HOME/.local/share}/posada/host/$0"
[ -x "$d/node" ] && exec "$d/node" "$d/bin/posada.js" serve --stdio
command -v posada >/dev/null 2>&1 && exec posada serve --stdio
echo "posada $0 is not installed for this user" >&2; exit 127`

/**
 * Logs in and has Posada serve there. E_HOST_LOGIN where that takes a password or more; E_HOST_SETUP where Posada or Node is
 * not there, E_HOST_VERSION where it is another.
 */
export async function dialHost(options: DialOptions): Promise<Dialled> {
  const { address, env, version, signal } = options
  const ssh = runBySsh(address, { script, word: version, settings, env })
  const { child } = ssh
  if (child.stdout === null || child.stdin === null) throw new Error('ssh has no pipes')
  const carrier = Duplex.from({ readable: child.stdout, writable: child.stdin })
  carrier.on('error', () => carrier.destroy())
  carrier.once('close', () => child.kill())
  const late = () => {
    throw new PosadaError('E_HOST_LOGIN', `${formatHost(address)} did not answer within ${patience / 1000} s`)
  }
  try {
    return await within({ limit: patience, late, signal }, greet(carrier, ssh, options))
  } catch (error) {
    carrier.destroy()
    throw error
  }
}

async function greet(carrier: Duplex, ssh: SshChild, options: DialOptions): Promise<Dialled> {
  const { address, version, pipe } = options
  const hello = await readMessage(carrier)
  if (hello === null) throw await whyNot(ssh, options)
  if (hello.posada !== version || hello.contract !== contractVersion)
    throw otherVersion(address, String(hello.posada), version)
  writeMessage(carrier, { pipe: pipe.name, received: pipe.received })
  const answer = await readMessage(carrier)
  if (answer === null) throw await whyNot(ssh, options)
  return { carrier, received: typeof answer.received === 'number' ? answer.received : null }
}

const setUp = (address: HostAddress) => `posada host setup ${formatHost(address)} installs it there`

async function whyNot(
  { child, ended, words }: SshChild,
  { address, version }: DialOptions,
): Promise<PosadaError> {
  child.stdin?.end()
  if ((await ended) === ownFailure) return noLogin(address, words())
  const shown = formatHost(address)
  return new PosadaError('E_HOST_SETUP', `${shown} has no Posada ${version} that serves other hosts`, {
    ...{ value: shown, details: words(), hint: setUp(address) },
  })
}

function otherVersion(address: HostAddress, theirs: string, ours: string): PosadaError {
  const shown = formatHost(address)
  return new PosadaError('E_HOST_VERSION', `${shown} has Posada ${theirs.slice(0, 40)}, this is ${ours}`, {
    ...{ value: shown, hint: setUp(address) },
  })
}
