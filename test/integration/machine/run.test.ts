import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeCgroup } from '../../helpers/cgroup.ts'
import { until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, launcher, says } from '../../helpers/posada.ts'

// Boots posada/tiny some eight times: about two minutes with emulated processors.

let place: MachinesPlace
let runs: string
beforeAll(() => {
  place = machinesPlace('throw-away')
  place.write(
    'version: 1\nname: run\nbox: posada/tiny\nprovider: qemu\nmemory: 192MiB\nenv: {FROM: manifest}\n',
  )
  place.env.TOKEN = 'a secret value'
  runs = join(place.env.XDG_STATE_HOME ?? '', 'posada', 'runs')
})
beforeEach(() => rmSync(join(place.dir, 'results'), { recursive: true, force: true }))
afterAll(() => place.cleanUp())

const left = () => [
  ...(existsSync(runs) ? readdirSync(runs) : []),
  ...place.processes(/qemu-system|run-watchdog/),
]
const nothingLeft = () => until('nothing is left', 20_000, async () => left().length === 0)

describe('posada run', () => {
  it('takes the workspace in, brings artefacts out, gives the exit code of the command, and leaves nothing', async () => {
    writeFileSync(join(place.dir, '.gitignore'), 'ignored\n')
    writeFileSync(join(place.dir, 'ignored'), '')
    mkdirSync(join(place.dir, 'src'), { recursive: true })
    writeFileSync(join(place.dir, 'src', 'tool'), '#!/bin/sh\necho "$FROM $GIVEN"\n', { mode: 0o755 })
    symlinkSync('/etc/passwd', join(place.dir, 'link'))
    const script =
      'src/tool; ls; readlink link; mkdir out; echo 1 > out/a.txt; echo 2 > "out/b c.txt"; exit 7'
    const ran = await place.run(
      ...['run', '--env', 'GIVEN=flag', '--out', 'out/*.txt', '--out', 'none', '--out-dir', 'results'],
      ...['--', 'sh', '-c', script],
    )
    expect(ran.code, ran.stderr).toBe(7)
    expect(ran.stdout).toBe('manifest flag\nlink\nposada.lock\nposada.yaml\nsrc\n/etc/passwd\n')
    expect(ran.stderr).toContain('no artefact matches "none"')
    expect(readdirSync(join(place.dir, 'results', 'out')).sort()).toEqual(['a.txt', 'b c.txt'])
    expect(readFileSync(join(place.dir, 'results', 'out', 'b c.txt'), 'utf8')).toBe('2\n')
    expect(existsSync(join(place.dir, '.posada'))).toBe(false)
    await nothingLeft()
  })

  it('hides the value of a variable that is named, and needs no manifest with --box', async () => {
    const ran = await place.run(
      ...['run', '--json', '--box', 'posada/tiny', '--no-workspace', '--env', 'TOKEN'],
      ...['--', 'sh', '-c', 'echo "[$TOKEN]"; echo "$TOKEN" >&2; ls -A'],
    )
    expect(JSON.parse(ran.stdout)).toMatchObject({
      exitCode: 0,
      stdout: '[***]\n',
      stderr: '***\n',
      kept: null,
    })
    expect(ran.stdout + ran.stderr).not.toContain(place.env.TOKEN)
  })

  it('gives the command a terminal where there is one, and shows what it writes at once', async () => {
    const awaited = (text: string) => `expect ${JSON.stringify(text)} {} timeout {exit 98} eof {exit 99}`
    const script = ['set timeout 120', 'spawn -noecho {*}$argv', awaited('a word? '), 'send "seen\\r"']
    const end = [awaited('got seen on /dev/'), 'expect eof', 'exit [lindex [wait] 3]']
    writeFileSync(join(place.dir, '..', 'terminal.exp'), [...script, ...end].join('\n'))
    const asks = 'printf "a word? "; read w; echo "got $w on $(tty)"; exit 6'
    const words = [process.execPath, launcher, 'run', '--no-workspace', '--', 'sh', '-c', asks]
    const options = { cwd: place.dir, env: place.env, extendEnv: false, reject: false }
    const { exitCode, stdout } = await execa('expect', ['../terminal.exp', ...words], options)
    expect(exitCode, stdout).toBe(6)
  })

  it('ends with 124 when its time is over, also while the guest boots, and with 125 when it fails itself', async () => {
    const late = await place.run('run', '--timeout', '2s', 'true')
    expect(late).toMatchObject({ code: 124, stderr: expect.stringContaining('E_RUN_TIMEOUT') })
    const failed = await place.run('run', '--box', './none.box', 'true')
    expect(failed.code, failed.stderr).toBe(125)
    expect((await place.run('run', '--out', '../x', 'true')).code).toBe(125)
    await nothingLeft()
  })

  it('leaves nothing when it is killed, and when its process group is', async () => {
    for (const target of ['process', 'group'] as const) {
      const argv = [launcher, 'run', '--no-workspace', '--', 'sleep', '1000']
      const running = spawn(process.execPath, argv, { cwd: place.dir, env: place.env, detached: true })
      const ended = new Promise((resolve) => running.once('close', resolve))
      await until('the command runs', 60_000, async () => place.processes(/qemu-system/).length > 0)
      process.kill(target === 'group' ? -(running.pid ?? 0) : (running.pid ?? 0), 'SIGKILL')
      await ended
      await nothingLeft()
    }
  })

  it('is swept by the next command where the watchdog was killed, too, or the whole cgroup, or the host went down', async () => {
    for (const target of ['cgroup', 'watchdog', 'host'] as const) {
      // A runner ends a job by the kernel's cgroup.kill: all of the job's processes, hypervisor and watchdog included.
      const group = target === 'cgroup' ? makeCgroup() : null
      const running = place.start('run', '--no-workspace', 'sleep', '1000')
      group?.add(running.pid ?? 0)
      const ended = new Promise((resolve) => running.once('close', resolve))
      await until('a machine runs', 60_000, async () => place.processes(/qemu-system/).length > 0)
      if (group === null) {
        const killed = place.processes(target === 'watchdog' ? /run-watchdog/ : /./)
        for (const pid of [...killed, running.pid ?? 0]) process.kill(pid, 'SIGKILL')
      } else {
        expect(group.pids()).toEqual(expect.arrayContaining(place.processes(/./)))
        group.kill()
        await until('the cgroup is empty', 20_000, async () => group.remove())
      }
      await ended
      // What lies in memory goes with the host.
      if (target === 'host') rmSync(join(place.env.XDG_RUNTIME_DIR ?? '', 'posada'), { recursive: true })
      expect(left()).not.toEqual([])
      expect((await place.run('run', '--box', './none.box', 'true')).code).toBe(125)
      await nothingLeft()
    }
  })

  it('ends a command that ignores signals when it is interrupted, with 130', async () => {
    const script = 'trap "" TERM INT HUP; echo it runs >&2; while :; do sleep 1; done'
    const running = place.start('run', '--no-workspace', '--', 'sh', '-c', script)
    const end = ended(running)
    await says(running, 'it runs')
    running.kill('SIGTERM')
    const { code, stderr } = await end
    expect(code, stderr).toBe(130)
    await nothingLeft()
  })

  it('ends where no one reads its output any longer, also where that is masked', async () => {
    const args = ['--no-workspace', '--env', 'TOKEN', '--junit', 'r.xml', '--', 'yes']
    const running = place.start('run', ...args)
    const end = once(running, 'close')
    running.stderr.resume()
    await once(running.stdout, 'data')
    running.stdout.destroy()
    expect((await end)[0]).toBe(141)
    await nothingLeft()
  })

  it('keeps a machine whose command failed on request', async () => {
    const ran = await place.json<{ kept: string }>('run', '--keep-on-failure', '--no-workspace', 'true')
    expect(ran.kept).toBe(null)
    const failed = await place.run('run', '--json', '--keep-on-failure', '--no-workspace', 'false')
    const { kept } = JSON.parse(failed.stdout) as { kept: string }
    expect(failed.code).toBe(1)
    expect((await place.run('exec', '--file', kept, '--', 'hostname')).code).toBe(0)
    expect((await place.run('destroy', '--yes', '--file', kept)).code).toBe(0)
    expect(place.processes(/qemu-system/)).toEqual([])
  })
})
