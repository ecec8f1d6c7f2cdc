import { setMaxListeners } from 'node:events'
import { dirname } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { PosadaError } from '../errors/index.ts'
import { formatDuration } from '../lib/values/units.ts'
import type { Machine, Manifest } from '../manifest/index.ts'
import { exec, openShell, type SshSession } from '../ssh/index.ts'
import { requireLogin } from './facts/guest-kind.ts'
import { findReachable, withSession } from './guest/session.ts'
import { inStep } from './in-step.ts'
import { raceStall } from './observed/stall.ts'
import type { Project } from './project.ts'
import { fetchArtefacts } from './run/artefacts.ts'
import { type Variation, varied } from './run/matrix.ts'
import { type Share, shareOf } from './run/queue.ts'
import { asThrowAway } from './run/throw-away.ts'
import { selectMachines, selectOne, withDependencies } from './select.ts'
import { sendWorkspace } from './sync/send-workspace.ts'
import { up } from './up.ts'

/** Milliseconds: Node's timers take this at most. */
const longestTimer = 2 ** 31 - 1

export interface RunVerbOptions {
  /** The machine that the command runs in, the only one by default; those that it depends on come up with it. */
  machine: string | undefined
  /** Machines that are up before the command runs, with those that they depend on; patterns and shared names too. */
  services: readonly string[]
  /** What of that machine is not as the manifest says. */
  variation: Variation
  /** A program with its arguments. */
  command: readonly (string | Buffer)[]
  /** The folder of the host that goes into the guest; null: none. */
  workspace: string | null
  /** Whether its `.git` goes along. */
  git: boolean
  /** The folder of the guest that the command begins in; a relative one is in the login user's home. */
  workdir: string
  /** Besides the manifest's. */
  env: Record<string, string>
  /** Paths or patterns of artefacts, relative to `workdir`, and the host's folder for them. */
  out: readonly string[]
  outDir: string
  /** Whether the command gets the terminal of these streams. */
  tty: boolean
  stdin: Readable
  stdout: Writable
  stderr: Writable
  /** Milliseconds for all of it; null: any time. */
  timeout: number | null
  /** Resolves when the host has room for what its machines take; what it resolves with gives back the processors. */
  takeTurn(share: Share): Promise<() => Promise<void>>
  /** Called before the command writes anything. */
  starts(): void
}

export interface RunResult {
  exitCode: number
  signal: string | null
  artefacts: string[]
  ms: number
}

/**
 * Brings a machine up, sends it the workspace, runs a command there and gets the artefacts out, also where the
 * command fails. What becomes of the machine is the caller's to say. E_RUN_TIMEOUT, and what the parts throw.
 */
export async function run(project: Project, options: RunVerbOptions): Promise<RunResult> {
  const begun = performance.now()
  const { name, guest } = theMachine(project.manifest, options)
  requireLogin(name, { guest })
  const own = asRun(project, name, options.variation)
  const { services } = options
  const machines = withDependencies(own.manifest, selectMachines(own.manifest, [name, ...services]))
  const giveBack = await options.takeTurn(shareOf(machines))
  const limited = withTimeout(own, options.timeout)
  let connection: SshSession | undefined
  try {
    if (services.length > 0) await up(limited.project, { machines: services, provision: true })
    const handOver = (machine: string, session: SshSession) => {
      if (machine !== name) return false
      connection = session
      return true
    }
    await up(limited.project, { machines: [name], provision: true, handOver })
    const reachable = await findReachable(limited.project, name)
    const { state } = reachable
    const work = async (session: SshSession) => {
      await prepare(session, options, limited.project)
      options.starts()
      const setting = { env: { ...reachable.env, ...options.env }, signal: limited.project.signal }
      const { code, signal } = await command(session, options, setting)
      const artefacts = await artefactsOf(session, options, limited.project)
      return { exitCode: code, signal, artefacts, ms: Math.round(performance.now() - begun) }
    }
    const provider = await project.providers.get(state.provider)
    return await raceStall(provider, state.spec, () =>
      connection === undefined ? withSession(limited.project, reachable, work) : work(connection),
    )
  } finally {
    await connection?.close()
    limited.end()
    await giveBack()
  }
}

/** The one that is named, else the only one, services aside. */
function theMachine(manifest: Manifest, { machine, services }: RunVerbOptions): Machine {
  if (machine !== undefined || services.length === 0) return selectOne(manifest, machine)
  const beside = new Set(selectMachines(manifest, services))
  return selectOne({ ...manifest, machines: manifest.machines.filter((one) => !beside.has(one)) }, undefined)
}

async function prepare(session: SshSession, options: RunVerbOptions, project: Project): Promise<void> {
  const { workspace: root, workdir: to, git } = options
  if (root === null) {
    await exec(session, ['mkdir', '-p', '--', to], { signal: project.signal })
    return
  }
  await inStep(project.emit, { step: 'workspace', message: 'sending the workspace' }, async () => {
    const { boxes, cache, runs } = project.user
    // A CI service may keep only what lies in the workspace.
    const leaveOut = [dirname(boxes), cache, dirname(runs)]
    await sendWorkspace(session, { root, git, leaveOut, to, signal: project.signal })
  })
}

function command(
  session: SshSession,
  options: RunVerbOptions,
  given: { env: Record<string, string>; signal: AbortSignal },
) {
  const { workdir, stdin, stdout, stderr, tty } = options
  const setting = { ...given, cwd: workdir, stdin, stdout, stderr }
  return tty
    ? openShell(session, { command: options.command, ...setting })
    : exec(session, options.command, setting)
}

/** A pattern that matches nothing is told: a report that is missing is often the first sign of what went wrong. */
async function artefactsOf(
  session: SshSession,
  options: RunVerbOptions,
  project: Project,
): Promise<string[]> {
  const { out: patterns, workdir: from, outDir: to } = options
  const { paths, missing } = await fetchArtefacts(session, { patterns, from, to, signal: project.signal })
  for (const pattern of missing)
    project.emit({ type: 'notice', level: 'warn', message: `no artefact matches ${JSON.stringify(pattern)}` })
  return paths
}

/** The machine that the command runs in is varied. Artefacts are what comes back. */
function asRun(project: Project, name: string, variation: Variation): Project {
  const machines = project.manifest.machines.map((machine) =>
    machine.name === name ? varied(machine, variation) : machine,
  )
  return asThrowAway({ ...project, manifest: { ...project.manifest, machines } })
}

/** The same project with a signal that is aborted as well when the time is over. */
function withTimeout(project: Project, timeout: number | null): { project: Project; end(): void } {
  if (timeout === null) return { project, end: () => undefined }
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const over = new PosadaError('E_RUN_TIMEOUT', `the run took longer than ${formatDuration(timeout)}`, {
    value: formatDuration(timeout),
    hint: 'give it more with --timeout',
  })
  const timer = setTimeout(() => controller.abort(over), Math.min(timeout, longestTimer))
  const interrupted = () => controller.abort(project.signal.reason)
  project.signal.addEventListener('abort', interrupted, { once: true })
  return {
    project: { ...project, signal: controller.signal },
    end: () => {
      clearTimeout(timer)
      project.signal.removeEventListener('abort', interrupted)
    },
  }
}
