import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { processTitle, isMachine as runsMachine } from '../../../providers/kvm/process/title.ts'
import { findQemu } from '../../../providers/qemu/process/find.ts'
import { findProcess } from '../../../src/provider-kit/index.ts'
import { exampleSpec } from '../providers/qemu/spec.ts'

// Real processes with a machine's arguments, of programs and users that are not its own.
let dir: string
let qemu: string
const spec = exampleSpec({ uuid: randomUUID(), id: randomUUID().slice(0, 8) })
const children: ChildProcess[] = []
beforeEach(() => {
  dir = mkdtempSync('/tmp/posada-find-')
  qemu = join(dir, 'qemu-system-x86_64')
  copyFileSync('/bin/dash', qemu)
  for (const path of [dir, qemu]) chmodSync(path, 0o755)
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    const ended = once(child, 'exit')
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await ended
  }
  rmSync(dir, { recursive: true, force: true })
})

const another = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const given = ['-uuid', spec.uuid, '-pidfile', '/x']
/** Has it say that it runs, so that its arguments are there to be seen. */
const shell = ['-c', 'echo; sleep 1000 & wait', ...given]
const node = ['-e', `process.title = '${processTitle(spec)}'; console.log(); setInterval(() => 0, 1000)`]

async function start(program: string, argv: string[], user: string[] = []): Promise<number> {
  const [first = program, ...rest] = [...user, program, ...argv]
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  children.push(child)
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

const machineOfQemu = async () => (await findQemu(spec, { thorough: true }))?.pid ?? null
const machineOfKvm = async () => (await findProcess(spec.id, (one) => runsMachine(one, spec.id)))?.pid ?? null

it('finds a machine by its program and its arguments, and no other program with them', async () => {
  await start('/bin/dash', shell)
  expect(await machineOfQemu()).toBe(null)
  const pid = await start(qemu, shell)
  expect(await machineOfQemu()).toBe(pid)
})

// As root, to whom all processes are open, and who may start those of others.
it.skipIf(process.getuid?.() !== 0)('takes no process of another user’s for a machine', async () => {
  await start(qemu, shell, another)
  await start(process.execPath, node, another)
  expect([await machineOfQemu(), await machineOfKvm()]).toEqual([null, null])
  const pid = await start(process.execPath, node)
  expect(await machineOfKvm()).toBe(pid)
})
