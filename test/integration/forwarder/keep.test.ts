import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { endHolder, lockHolder } from '../../../src/background/process-lock.ts'
import type { Emit } from '../../../src/events/index.ts'
import { windUp } from '../../../src/machine/down/wind-up.ts'
import { forwardedNow, keepForwarded } from '../../../src/machine/ports/forwarded.ts'
import type { Project } from '../../../src/machine/project.ts'
import { writeState } from '../../../src/project/machine-state.ts'
import type { ProjectPaths } from '../../../src/project/paths.ts'
import type { Provider } from '../../../src/provider/index.ts'
import { aMachine, aState } from '../../helpers/model.ts'
import { projectIn, userIn } from '../../helpers/own-paths.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// The real process, over Debian's sshd on this host, which plays the guest; processes that sleep play the
// hypervisor. Some 10 s, most of them waiting.

let dir: string
let sshd: TestServer
let paths: ProjectPaths
const sleepers: ChildProcess[] = []
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'posada-keep-'))
  paths = projectIn(join(dir, 'shop'), dir)
  mkdirSync(paths.machine('web').dir, { recursive: true })
  sshd = await startSshd()
  await copyFile(sshd.target.keyFile, paths.machine('web').key)
})
afterEach(async () => {
  await endHolder(paths.machine('web').forwarderLock)
  for (const sleeper of sleepers.splice(0)) sleeper.kill('SIGKILL')
  await sshd.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Does for a machine, whose hypervisor is that process, what `up` does in the end. */
async function keep(hypervisor: ChildProcess): Promise<number | undefined> {
  const told: string[] = []
  const { signal } = new AbortController()
  const emit = ({ message }: { message?: string }) => told.push(message ?? '')
  const project = { paths, signal, emit, manifest: { machines: [] } } as unknown as Project
  const config = aMachine({ autoPorts: true })
  const state = aState(config, { login: { user: sshd.target.user, ownKey: true } })
  state.spec.nics[0] = {
    kind: 'user',
    mac: '52:54:00:00:00:01',
    forwards: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: sshd.target.port, guestPort: 22 }],
  }
  state.spec.files.runtimeDir = join(dir, 'sockets')
  const running = {
    config,
    state,
    provider: { capabilities: () => ({}) } as unknown as Provider,
    pid: hypervisor.pid ?? 0,
  }
  await keepForwarded(project, running)
  expect(told).toEqual([])
  expect(await forwardedNow(project, config)).not.toBe(null)
  return (await lockHolder(paths.machine('web').forwarderLock))?.identity.pid
}

function sleeper(): ChildProcess {
  const child = spawn('sleep', ['1000'])
  sleepers.push(child)
  return child
}

it('one process a machine; that of a hypervisor that has ended is not taken for that of the next', async () => {
  const [first, second] = [sleeper(), sleeper()]
  const pid = await keep(first)
  expect(pid).toBeGreaterThan(0)
  expect(await keep(first)).toBe(pid)
  expect(await keep(second)).not.toBe(pid)
})

it('one that hangs is ended, and another begun', async () => {
  const hypervisor = sleeper()
  const pid = await keep(hypervisor)
  process.kill(pid ?? 0, 'SIGSTOP')
  expect(await keep(hypervisor)).not.toBe(pid)
})

// Only root can mount a small file system.
it.runIf(process.getuid?.() === 0)('it ends with its machine also where .posada is full', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', paths.dir])
  try {
    const web = paths.machine('web')
    mkdirSync(web.dir, { recursive: true })
    await copyFile(sshd.target.keyFile, web.key)
    await keep(sleeper())
    await writeState(web, aState())
    expect(() => writeFileSync(join(web.dir, 'filler'), Buffer.alloc(2 ** 21))).toThrow('ENOSPC')
    const told: string[] = []
    const emit: Emit = (event) => {
      if (event.type === 'notice') told.push(event.message)
    }
    const { signal } = new AbortController()
    const project = { paths, user: userIn(dir), signal, emit, command: 'posada halt', lockWait: 1000 }
    await windUp(project, 'web', { how: 'graceful', via: 'agent' })
    expect(told).toEqual([expect.stringContaining('could not be recorded')])
    expect(await lockHolder(web.forwarderLock)).toBe(null)
  } finally {
    execFileSync('umount', ['--lazy', paths.dir])
  }
})
