import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { PosadaError } from '../../../src/errors/index.ts'
import { readEnd } from '../../../src/lib/read-end.ts'
import { entryPoint } from './entry-points.ts'
import { readHandshake, type VmmConfig } from './handshake.ts'

/** Milliseconds for the process to load kernel and initrd and start the vCPUs; it needs a quarter of a second. */
const launchLimit = 60_000
/** What the process needs of our environment: nothing of the user's secrets gets into what lives on. */
const environment = ['PATH', 'HOME', 'TMPDIR', 'XDG_RUNTIME_DIR', 'LANG']
/** Longest line of a handshake. */
const handshakeLimit = 64 * 1024

/**
 * Starts a machine's process in a session of its own, so that neither Ctrl-C nor a closed terminal reaches
 * it, and waits until its vCPUs run. Its error output goes to the provider's log.
 *
 * @throws PosadaError what the process failed of, or E_KVM_START
 */
export async function launchVmm(config: VmmConfig, signal?: AbortSignal): Promise<void> {
  const { providerLog } = config.spec.files
  const log = await open(providerLog, 'a', 0o600)
  const logOffset = (await log.stat()).size
  let child: ChildProcess
  try {
    child = spawn(process.execPath, [entryPoint('kvm-vmm', config.entries)], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', log.fd],
      env: Object.fromEntries(environment.flatMap((name) => pair(name))),
    })
  } finally {
    await log.close()
  }
  try {
    const failure = readHandshake(await handshake(child, JSON.stringify(config), signal))
    if (failure !== null) throw await withLog(failure, providerLog, logOffset)
  } catch (error) {
    await end(child)
    throw error
  } finally {
    child.stdin?.destroy()
    child.stdout?.destroy()
    child.unref()
  }
}

/** A process that nobody waits for any more has run nothing worth keeping. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** The first line that the process says; empty when it ends without one. */
function handshake(child: ChildProcess, config: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = (message: string, cause?: unknown) =>
      settle(() => reject(new PosadaError('E_KVM_START', message, cause === undefined ? {} : { cause })))
    const timer = setTimeout(
      () => fail(`the hypervisor did not start within ${launchLimit / 1000} s`),
      launchLimit,
    )
    const abort = () => settle(() => reject(signal?.reason))
    const settle = (how: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      how()
    }
    signal?.addEventListener('abort', abort, { once: true })
    child.once('error', (error) => fail(`${process.execPath} cannot be run: ${error.message}`, error))
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      const end = said.indexOf('\n')
      if (end !== -1) settle(() => resolve(said.slice(0, end)))
      else if (said.length > handshakeLimit) fail('the hypervisor says something else than it should')
    })
    child.stdout?.once('end', () => settle(() => resolve(said)))
    // A process that ends at once breaks this pipe; what it says, or does not, tells more.
    child.stdin?.once('error', () => child.stdin?.destroy())
    child.stdin?.end(config)
  })
}

/** A process that ended without a word has left its reason in the log. */
async function withLog(failure: PosadaError, log: string, offset: number): Promise<PosadaError> {
  if (failure.code !== 'E_KVM_START') return failure
  const lines = ((await readEnd(log, 4096, offset)) ?? '').trim().split('\n').slice(-8)
  return new PosadaError('E_KVM_START', failure.message, { details: lines, hint: `see ${log}` })
}

function pair(name: string): [string, string][] {
  const value = process.env[name]
  return value === undefined ? [] : [[name, value]]
}
