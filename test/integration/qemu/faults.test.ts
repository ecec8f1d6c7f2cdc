import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { qemuFiles } from '../../../providers/qemu/files.ts'
import { provider as plugin } from '../../../providers/qemu/index.ts'
import { readEnding } from '../../../providers/qemu/process/events-log.ts'
import { withQmp } from '../../../providers/qemu/qmp/client.ts'
import { consoleLogLimit, forwardsOf, type MachineSpec, type Provider } from '../../../src/provider/index.ts'
import { until } from '../../helpers/guest-talk.ts'
import { discard, type SandboxMachine, sandboxMachine } from '../../helpers/sandbox-machine.ts'

// No guest comes up here: each machine has an empty disk, and starts in a fraction of a second.
const run = promisify(execFile)
const bios: MachineSpec['boot'] = { kind: 'firmware', firmware: 'bios' }
let machine: SandboxMachine
let cacheDir: string
let provider: Provider
let path: string | undefined

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'posada-qemu-'))
})

afterAll(async () => {
  await rm(cacheDir, { recursive: true, force: true })
})

beforeEach(async () => {
  path = process.env.PATH
  provider = plugin.create({ cacheDir, emit: () => undefined })
  machine = await sandboxMachine({ boot: bios, memory: 64 * 1024 * 1024 }, 80)
})

afterEach(async () => {
  process.env.PATH = path
  await discard(provider, machine)
})

const started = async (spec = machine.spec) => {
  await provider.create(spec)
  await provider.start(spec)
  const status = await provider.status(spec)
  if (status.state !== 'running' || status.pid === undefined) throw new Error(`it is ${status.state}`)
  return status.pid
}

describe('what is missing or wrong', () => {
  test('no QEMU: says which package has it, and the probe does too', async () => {
    process.env.PATH = cacheDir
    await provider.create(machine.spec)
    const missing = (hint: string) => ({ code: 'E_QEMU_MISSING', hint: expect.stringContaining(hint) })
    await expect(provider.start(machine.spec)).rejects.toMatchObject(
      missing('apt-get install qemu-system-x86'),
    )
    // Growing a disk is qemu-img's work.
    const larger = machine.spec.disks.map((disk) => ({ ...disk, size: 2 * disk.size }))
    const grown = provider.create({ ...machine.spec, disks: larger })
    await expect(grown).rejects.toMatchObject(missing('apt-get install qemu-utils'))
    expect(await provider.probe({ fresh: true })).toMatchObject({
      usable: false,
      packages: ['qemu-system-x86', 'qemu-utils'],
    })
  })

  test('no such program: says that the manifest names it', async () => {
    const spec = { ...machine.spec, options: { binary: '/no/such/qemu' } }
    await provider.create(spec)
    await expect(provider.start(spec)).rejects.toMatchObject({
      code: 'E_QEMU_MISSING',
      value: '/no/such/qemu',
    })
  })

  test('an argument that QEMU refuses: its own words, and where to look', async () => {
    const spec = { ...machine.spec, options: { args: ['-device', 'no-such-device'] } }
    await provider.create(spec)
    await expect(provider.start(spec)).rejects.toMatchObject({
      code: 'E_QEMU_START',
      details: [expect.stringContaining('no-such-device')],
      hint: expect.stringContaining('providers.qemu'),
    })
    expect((await provider.status(spec)).state).toBe('stopped')
  })

  test('a port in use: names the process that has it', async () => {
    const server = createServer()
    const port = forwardsOf(machine.spec)[0]?.hostPort ?? 0
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    try {
      await provider.create(machine.spec)
      await expect(provider.start(machine.spec)).rejects.toMatchObject({
        code: 'E_PORT_IN_USE',
        message: expect.stringContaining(`(pid ${process.pid})`),
      })
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

describe('disks', () => {
  const size = async () => {
    const file = machine.spec.disks[0]?.path ?? ''
    const { stdout } = await run('qemu-img', ['info', '--output=json', file])
    return JSON.parse(stdout)
  }
  const withSize = (bytes: number, base?: { path: string; format: 'raw' }) => {
    const [disk] = machine.spec.disks
    if (disk === undefined) throw new Error('no disk')
    return { ...machine.spec, disks: [{ ...disk, size: bytes, ...(base === undefined ? {} : { base }) }] }
  }

  test('grow, and never shrink', async () => {
    await provider.create(machine.spec)
    await provider.create(withSize(128 * 1024 * 1024))
    expect((await size())['virtual-size']).toBe(128 * 1024 * 1024)
    await expect(provider.create(machine.spec)).rejects.toMatchObject({ code: 'E_DISK_SHRINK' })
    expect((await size())['virtual-size']).toBe(128 * 1024 * 1024)
  })

  test('lie on their base, whose format is stated, and are not smaller', async () => {
    const base = { path: join(machine.folder, 'base, with comma.raw'), format: 'raw' as const }
    await run('qemu-img', ['create', '-q', '-f', 'raw', base.path, '32M'])
    await expect(provider.create(withSize(16 * 1024 * 1024, base))).rejects.toMatchObject({
      code: 'E_DISK_SHRINK',
    })
    await provider.create(withSize(64 * 1024 * 1024, base))
    expect(await size()).toMatchObject({ 'backing-filename': base.path, 'backing-filename-format': 'raw' })
    await started(withSize(64 * 1024 * 1024, base))
  })

  test('a base that is gone', async () => {
    const base = { path: join(machine.folder, 'gone'), format: 'raw' as const }
    await expect(provider.create(withSize(64 * 1024 * 1024, base))).rejects.toMatchObject({
      code: 'E_BOX_CORRUPT',
    })
    expect(await provider.status(machine.spec)).toEqual({ state: 'absent' })
  })

  test('a disk that is full (needs root, for a small file system)', async ({ skip }) => {
    const small = join(machine.folder, 'small')
    await mkdir(small)
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]).then(
      () => true,
      () => false,
    )
    if (!mounted) skip('a file system cannot be mounted here')
    try {
      const spec = {
        ...machine.spec,
        disks: [{ name: 'root', path: join(small, 'root.qcow2'), size: 2 ** 30 }],
      }
      await expect(provider.create(spec)).rejects.toMatchObject({ code: 'E_DISK_FULL' })
      expect((await run('ls', ['-A', small])).stdout).toBe('')
    } finally {
      await run('umount', [small])
    }
  })
})

describe('a process that is in trouble', () => {
  test('is found by its command line where its pid file is not there', async () => {
    const pid = await started()
    await rm(qemuFiles(machine.spec).pid)
    expect(await provider.status(machine.spec)).toMatchObject({ state: 'running', pid })
  })

  test('is not taken for another one that has its number now', async () => {
    const pid = await started()
    process.kill(pid, 'SIGKILL')
    await until('it is gone', 5000, async () => (await provider.status(machine.spec)).state === 'stopped')
    await writeFile(qemuFiles(machine.spec).pid, String(process.pid))
    expect(await provider.status(machine.spec)).toMatchObject({ state: 'stopped', crashed: true })
    expect(await provider.stop(machine.spec, { graceful: false, timeout: 0 })).toMatchObject({
      how: 'already',
    })
  })

  test('is told to be running, and killed, when it hangs (takes 10 s)', async () => {
    const pid = await started()
    process.kill(pid, 'SIGSTOP')
    expect(await provider.status(machine.spec)).toMatchObject({ state: 'running', pid })
    expect(await provider.stop(machine.spec, { graceful: false, timeout: 0 })).toEqual({
      how: 'forced',
      via: 'kill',
    })
    expect(await provider.status(machine.spec)).toEqual({ state: 'stopped', crashed: false })
  })

  test('ended by SIGTERM has not crashed, and the reason is told', async () => {
    process.kill(await started(), 'SIGTERM')
    await until('it is gone', 5000, async () => (await provider.status(machine.spec)).state === 'stopped')
    expect(await provider.status(machine.spec)).toMatchObject({
      crashed: false,
      reason: expect.stringContaining('signal'),
    })
  })

  test('ended by the interrupt that ended its start has not crashed', async () => {
    const binary = join(cacheDir, 'slow-qemu')
    // Only the machine itself hangs, not what QEMU is asked before.
    const script =
      'case "$*" in *guest=*) echo $$ >"$0.pid"; exec sleep 60 ;; *) exec qemu-system-x86_64 "$@" ;; esac'
    await writeFile(binary, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const spec = { ...machine.spec, options: { binary } }
    await provider.create(spec)
    const interrupt = new AbortController()
    const begun = provider.start(spec, { signal: interrupt.signal })
    const ending = expect(begun).rejects.toThrow('interrupted by the test')
    const pid = async () => Number(await readFile(`${binary}.pid`, 'utf8').catch(() => ''))
    await until('it is started', 20_000, async () => (await pid()) > 0)
    process.kill(await pid(), 'SIGINT')
    interrupt.abort(new Error('interrupted by the test'))
    await ending
    expect(await provider.status(spec)).toEqual({ state: 'stopped', crashed: false })
  })

  test.each(['', '{"format":', '\0\0\0\0'])('is found and ended with %j for a record', async (text) => {
    const pid = await started()
    await writeFile(qemuFiles(machine.spec).record, text)
    await rm(qemuFiles(machine.spec).pid)
    expect(await provider.status(machine.spec)).toMatchObject({ state: 'running', pid })
    expect(await provider.stop(machine.spec, { graceful: false, timeout: 0 })).toMatchObject({
      how: 'forced',
    })
    expect(await provider.status(machine.spec)).toEqual({ state: 'stopped', crashed: false })
    await writeFile(qemuFiles(machine.spec).record, text)
    expect(await provider.status(machine.spec)).toMatchObject({
      state: 'stopped',
      reason: expect.stringContaining('damaged'),
    })
    await started()
  })

  test('of another machine is left alone when its folder is copied', async () => {
    const pid = await started()
    const dataDir = join(machine.folder, 'copy')
    await cp(machine.spec.files.dataDir, dataDir, { recursive: true })
    const runtimeDir = join(machine.folder, 'copy-run')
    const files = { ...machine.spec.files, dataDir, runtimeDir }
    const disks = machine.spec.disks.map((disk) => ({ ...disk, path: join(dataDir, basename(disk.path)) }))
    const copy = { ...machine.spec, id: 'c0c0c0c0', uuid: randomUUID(), disks, files }
    expect(await provider.status(copy)).toEqual({ state: 'stopped', crashed: false })
    expect(await provider.stop(copy, { graceful: false, timeout: 0 })).toMatchObject({ how: 'already' })
    expect(await provider.status(machine.spec)).toMatchObject({ state: 'running', pid })
  })
})

test.runIf(process.platform === 'linux')(
  'QEMU gets nothing of our environment and none of our files',
  async () => {
    process.env.POSADA_TEST_SECRET = 'hunter2'
    try {
      const pid = await started()
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain('hunter2')
      expect((await run('ls', ['-l', `/proc/${pid}/fd`])).stdout).not.toContain(import.meta.dirname)
      expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/Seccomp:\s*2/)
    } finally {
      delete process.env.POSADA_TEST_SECRET
    }
  },
)

test('what it writes while it runs stays within bounds, and nothing is written behind a hole', async () => {
  await started()
  const { consoleLog, providerLog } = machine.spec.files
  const logs = [consoleLog, providerLog, qemuFiles(machine.spec).events]
  for (const path of logs) await appendFile(path, Buffer.alloc(consoleLogLimit + 1, 'x'))
  const size = async (path: string) => (await stat(path)).size
  const kept = logs.map((path) => `${path}.1`)
  await until('all are emptied and kept', 20_000, async () => {
    const emptied = (await Promise.all(logs.map(size))).every((one) => one < 9999)
    return emptied && kept.every((path) => existsSync(path))
  })
  for (const path of kept) expect(await size(path)).toBeGreaterThan(consoleLogLimit)
  // SeaBIOS speaks again, and QEMU tells of the end.
  await withQmp(qemuFiles(machine.spec).qmp, { timeout: 5000 }, (client) => client.execute('system_reset'))
  await until('it is told', 20_000, async () => (await readFile(consoleLog, 'latin1')).includes('SeaBIOS'))
  await provider.stop(machine.spec, { graceful: false, timeout: 0 })
  expect((await readEnding(machine.spec))?.reason).toBe('host-qmp-quit')
  for (const path of logs) expect((await readFile(path, 'latin1')).includes('\0')).toBe(false)
})

describe('firmware (some seconds each)', () => {
  test.each(['bios', 'uefi'] as const)('%s looks for something to boot', async (firmware) => {
    if (!provider.capabilities().boot.includes(firmware)) return expect(firmware).toBe('uefi')
    await started({ ...machine.spec, memory: 256 * 1024 * 1024, boot: { kind: 'firmware', firmware } })
    await until('the firmware gives up', 60_000, async () =>
      /No bootable device|BdsDxe: failed to load/.test(
        await readFile(machine.spec.files.consoleLog, 'latin1'),
      ),
    )
  })
})
