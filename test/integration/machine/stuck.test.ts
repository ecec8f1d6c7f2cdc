import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny three times, and waits for what does not happen: about 70 s with emulated processors.

const manifest = (rest = '') => `version: 1
name: stuck
box: posada/tiny
provider: qemu
memory: 256MiB
${rest}`

interface StatusDocument {
  machines: { state: string; reason?: string; pid: number | null }[]
}

describe('a guest that does not do what is expected', () => {
  let place: MachinesPlace
  beforeAll(() => {
    place = machinesPlace('stuck')
  })
  afterAll(() => place.cleanUp())
  const status = async () => (await place.json<StatusDocument>('status')).machines[0]
  const inGuest = async (script: string) =>
    expect(await place.run('exec', '--', 'sudo', 'sh', '-c', script)).toMatchObject({ code: 0 })

  it('is not ready in time: says at which stage and what the console has, and goes on booting', async () => {
    place.write(manifest('boot_timeout: 1s\n'))
    expect(await place.fails('E_BOOT_TIMEOUT', 'up')).toMatchObject({
      exitCode: 1,
      machine: 'default',
      message: expect.stringContaining('after 1 s: the guest has not said that it can be logged in to'),
      hint: expect.stringContaining('boot_timeout'),
    })
    expect(await status()).toMatchObject({ state: 'starting' })
    place.write(manifest())
    expect(await place.json('up')).toMatchObject({ machines: [{ change: 'none' }] })
    expect(await status()).toMatchObject({ state: 'running' })
  })

  it('ignores the request to shut down: its power is cut after halt_timeout, and that is said', async () => {
    // The next boot has no SSH server, and says that it is ready all the same.
    await inGuest(
      'rm -f /etc/acpi/PWRF; cd /usr/lib/posada; printf "#!/bin/sh\\nexec sleep 86400\\n" > sshd; ' +
        'sed -i "/netstat/d" ready; sync; killall acpid; sleep 1; echo',
    )
    place.write(manifest('halt_timeout: 2s\n'))
    const { code, stdout, stderr } = await place.run('halt')
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: expect.stringContaining('was cut off (quit)'),
      stderr: expect.stringContaining('did not shut down in time; its power was cut'),
    })
    expect(place.hypervisors()).toEqual([])
    expect(await status()).toMatchObject({ state: 'stopped' })
  })

  it('has no SSH server: says that its port answers and nothing comes, with the console', async () => {
    place.write(manifest('boot_timeout: 30s\n'))
    const failure = await place.fails('E_BOOT_TIMEOUT', 'up')
    expect(failure.message).toContain('after 30 s: its SSH port is open and says nothing')
    expect(failure.details?.join('\n')).toContain('login:')
    expect(await status()).toMatchObject({ state: 'starting' })
    expect(await place.fails('E_NOT_RUNNING', 'exec', '--', 'true')).toMatchObject({ value: 'starting' })
  })

  it('had its time and says nothing: up does not wait for it again, but starts it again', async () => {
    place.write(manifest('boot_timeout: 3s\n'))
    const before = await status()
    const { code, stderr } = await place.run('up')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(
        'it was not ready within its boot_timeout of 3s, and silent; its power is cut and it is started again',
      ),
    })
    const after = await status()
    expect(after).toMatchObject({ state: 'starting', pid: expect.any(Number) })
    expect(after?.pid).not.toBe(before?.pid)
  })
})

describe.skipIf(process.getuid?.() !== 0)('a disk that is full (needs root, for a small file system)', () => {
  let place: MachinesPlace
  let project: string
  const mount = (...args: string[]) => execFileSync('mount', [...args, project])
  beforeAll(() => {
    place = machinesPlace('full')
    project = place.dir
    mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
    place.write(manifest())
  })
  afterAll(async () => {
    try {
      await place.json('destroy', '--yes')
    } finally {
      for (const pid of place.hypervisors()) process.kill(pid, 'SIGKILL')
      execFileSync('umount', ['--lazy', project])
      place.remove()
    }
  })
  const status = async () => (await place.json<StatusDocument>('status')).machines[0]
  const fill = (bytes = 2 ** 21) => {
    try {
      writeFileSync(join(project, 'filler'), Buffer.alloc(bytes))
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
    }
  }

  it('from the beginning: nothing is begun', async () => {
    fill()
    expect(await place.fails('E_DISK_FULL', 'up')).toMatchObject({
      exitCode: 1,
      value: expect.stringContaining(project),
      hint: expect.stringContaining('free some space'),
    })
    expect(place.hypervisors()).toEqual([])
    rmSync(join(project, 'filler'))
  })

  it('fills while the guest boots: the machine is paused, and up and status say why', async () => {
    const begun = Date.now()
    expect(await place.fails('E_DISK_FULL', 'up')).toMatchObject({
      exitCode: 1,
      machine: 'default',
      message: expect.stringContaining('is paused'),
      hint: expect.stringContaining('continues where it stopped'),
    })
    expect(Date.now() - begun).toBeLessThan(90_000)
    expect(await status()).toMatchObject({ state: 'paused', reason: expect.stringContaining('disk is full') })
    expect(await place.fails('E_DISK_FULL', 'up')).toMatchObject({ machine: 'default' })
  })

  it('has room again: up goes on where the guest stopped', async () => {
    mount('-o', 'remount,size=64m')
    expect(await place.json('up')).toMatchObject({ machines: [{ change: 'resumed' }] })
    expect((await place.run('exec', '--', 'hostname')).stdout).toBe('stuck\n')
  })

  it('is full again: the machine can be halted all the same, which is said', async () => {
    fill(2 ** 27)
    const { code, stderr } = await place.run('halt', '--force')
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('could not be recorded') })
    expect(place.hypervisors()).toEqual([])
    rmSync(join(project, 'filler'))
    expect(await place.json('up')).toMatchObject({ machines: [{ change: 'started' }] })
  })

  it('is full again: the machine can still be destroyed', async () => {
    await place.run(
      'exec',
      '--',
      'sudo',
      'sh',
      '-c',
      '(dd if=/dev/urandom of=/big bs=1M count=100; sync) >/dev/null 2>&1 &',
    )
    fill()
    expect(await place.json('destroy', '--yes')).toMatchObject({ machines: [{ destroyed: true }] })
    expect(place.hypervisors()).toEqual([])
  })
})
