import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, launcher } from '../../helpers/posada.ts'

// One boot of posada/tiny for all tests here: about 15 s with emulated processors.

interface PortsDocument {
  machines: { ports: { protocol: string; hostPort: number; guestPort: number }[] }[]
}

let place: MachinesPlace
beforeAll(async () => {
  place = machinesPlace('commands ünd spaces')
  place.write(`version: 1
name: commands
box: posada/tiny
memory: 256MiB
env: {APP_ENV: "two words"}
display: {width: 800}
ports:
  - {host: 18080, guest: 80, auto: true}
`)
  await place.json('up')
})
afterAll(() => place.cleanUp())

async function pipe(input: string | Buffer, ...args: string[]) {
  const child = place.start(...args)
  child.stdin.end(input)
  return ended(child)
}

describe('exec', () => {
  it('keeps the streams apart and gives the guest’s exit code', async () => {
    const result = await place.run('exec', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7')
    expect(result).toMatchObject({ code: 7, stdout: 'out\n', stderr: 'err\n' })
  })

  it('says that the guest has no agent', async () => {
    await place.fails('E_AGENT', 'exec', '--agent', '--', 'true')
    await place.fails('E_USAGE', 'exec', '--agent', '--tty', '--', 'true')
  }, 60_000)

  it('hands arguments over as they are', async () => {
    const words = ['a b', '$HOME', '*', "it's", '"', '', '\\', 'ünï']
    const result = await place.run('exec', 'default', '--', 'printf', '[%s]', ...words)
    expect(result.stdout).toBe(words.map((word) => `[${word}]`).join(''))
  })

  it('passes stdin byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256))
    const { stdout } = await pipe(bytes, 'exec', '--', 'md5sum')
    const expected = execFileSync('md5sum', { input: bytes, encoding: 'utf8' })
    expect(stdout).toBe(expected)
  })

  it('says how a killed command ended', async () => {
    expect(await place.run('exec', '--', 'sh', '-c', 'kill -TERM $$')).toMatchObject({ code: 143 })
  })

  it('gives the command the manifest’s environment', async () => {
    expect((await place.run('exec', '--', 'sh', '-c', 'echo "$APP_ENV"')).stdout).toBe('two words\n')
  })

  it('stops what runs in the guest at Ctrl-C', async () => {
    const child = place.start('exec', '--', 'sh', '-c', 'echo begun; exec sleep 4711')
    const end = ended(child)
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect(await end).toMatchObject({ code: 130 })
    const { stdout } = await place.run('exec', '--', 'sh', '-c', 'ps | grep "[s]leep 4711" || echo gone')
    expect(stdout).toBe('gone\n')
  })

  it('ends in the guest what writes to a full disk of the host', async () => {
    const { dir: cwd, env } = place
    const line = `exec "$0" "$1" exec -- sh -c 'sleep 4712 & while echo line; do :; done; wait' > /dev/full`
    const { code, stderr } = await ended(spawn('sh', ['-c', line, process.execPath, launcher], { cwd, env }))
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('[E_DISK_FULL]') })
    const { stdout } = await place.run('exec', '--', 'sh', '-c', 'ps | grep "[s]leep 4712" || echo gone')
    expect(stdout).toBe('gone\n')
  })
})

describe('ssh', () => {
  it('runs text in the guest’s shell', async () => {
    expect((await place.run('ssh', '--', 'echo', '$((6 * 7))')).stdout).toBe('42\n')
  })

  it('feeds a shell from a pipe', async () => {
    const result = await pipe('echo "I am $(id -un)"\nexit 3\n', 'ssh')
    expect(result).toMatchObject({ code: 3, stdout: 'I am posada\n' })
  })

  it('gives a real terminal, whose size the guest sees', async () => {
    const script = `
      set timeout 30
      set stty_init "rows 31 cols 97"
      proc await {what} { expect -re $what {} timeout { puts "no $what"; exit 98 } eof { puts "ended before $what"; exit 99 } }
      spawn ${process.execPath} ${process.cwd()}/bin/posada.js ssh
      await {[$#] }
      sleep 1
      send "stty size; tty; exit 5\\r"
      await {31 97\\s+/dev/pts/}
      catch { expect { eof {} timeout { exit 97 } } }
      lassign [wait] pid spawnid oserror code
      exit $code`
    writeFileSync(join(place.dir, 'terminal.exp'), script)
    const run = () =>
      execFileSync('expect', ['terminal.exp'], {
        cwd: place.dir,
        env: place.env,
        stdio: 'pipe',
        timeout: 100_000,
      })
    expect(run).toThrow(expect.objectContaining({ status: 5 }))
  })
})

describe('ssh-config', () => {
  it('lets OpenSSH in', async () => {
    const { stdout } = await place.run('ssh-config')
    const file = join(place.dir, 'ssh config')
    writeFileSync(file, stdout)
    const ssh = (host: string, command: string) =>
      execFileSync('ssh', ['-F', file, host, command], { encoding: 'utf8' })
    expect(ssh('default', 'id -un')).toBe('posada\n')
    expect(ssh('default.commands', 'hostname')).toBe('commands\n')
  })
})

describe('copy', () => {
  it('takes files and folders in and out', async () => {
    mkdirSync(join(place.dir, 'in folder', 'deep'), { recursive: true })
    writeFileSync(join(place.dir, 'in folder', 'deep', 'a file'), 'content', { mode: 0o750 })
    await place.json('copy', 'in folder', 'default:/tmp/there')
    expect((await place.run('exec', '--', 'cat', '/tmp/there/deep/a file')).stdout).toBe('content')
    await place.json('copy', 'default:/tmp/there/deep/a file', 'back again')
    expect(readFileSync(join(place.dir, 'back again'), 'utf8')).toBe('content')
    expect(statSync(join(place.dir, 'back again')).mode & 0o777).toBe(0o750)
  })

  it('says which file is not there', async () => {
    expect(await place.fails('E_COPY', 'copy', 'default:/nowhere', '.')).toMatchObject({
      value: 'default:/nowhere',
    })
    expect(await place.fails('E_COPY', 'copy', 'nowhere', 'default:')).toMatchObject({
      value: expect.stringContaining('nowhere'),
    })
    expect(await place.fails('E_USAGE', 'copy', 'a', 'b')).toMatchObject({ exitCode: 2 })
  })
})

describe('ports', () => {
  it('carry TCP', async () => {
    await place.run('exec', '--', 'sudo', 'sh', '-c', '(echo tcp answer | nc -l -p 80) >/dev/null 2>&1 &')
    const { machines } = await place.json<PortsDocument>('ports')
    const socket = connect(machines[0]?.ports[0]?.hostPort ?? 0, '127.0.0.1').setEncoding('utf8')
    const [text] = (await once(socket, 'data')) as [string]
    socket.destroy()
    expect(text).toBe('tcp answer\n')
  })
})

describe('logs', () => {
  it('show the console, on and on with --follow', async () => {
    expect((await place.run('logs', '--console')).stdout).toContain('Child connection')
    const child = place.start('logs', '--console', '--follow', '--lines', '1')
    const end = ended(child)
    const heard = new Promise<void>((resolve) => {
      child.stdout.on('data', (text: Buffer | string) => {
        if (String(text).includes('a word from the guest')) resolve()
      })
    })
    await once(child.stdout, 'data')
    await place.run('exec', '--', 'sudo', 'sh', '-c', 'echo a word from the guest > /dev/console')
    await heard
    child.kill('SIGINT')
    expect((await end).code).toBe(130)
  })
})

describe('screenshot', () => {
  it('saves what the guest shows, a whole picture in place of an older one', async () => {
    await place.run('exec', '--', 'sudo', 'sh', '-c', "printf '\\033c' > /dev/tty0")
    writeFileSync(join(place.dir, 'old.png'), 'old')
    const taken = await place.json<{ width: number; bytes: number }>('screenshot', 'default', 'old.png')
    const empty = readFileSync(join(place.dir, 'old.png'))
    expect(empty.subarray(1, 4).toString()).toBe('PNG')
    expect(empty.subarray(-8, -4).toString()).toBe('IEND')
    expect([taken.width, taken.bytes]).toEqual([expect.any(Number), empty.length])
    await place.run('exec', '--', 'sudo', 'sh', '-c', 'seq 9999 | head -c 900 > /dev/tty0')
    await until('the screen has changed', 20_000, async () => {
      await place.json('screenshot')
      return !readFileSync(join(place.dir, 'default.png')).equals(empty)
    })
    await place.fails('E_MACHINE_UNKNOWN', 'screenshot', 'nowhere')
  })
})

describe('type and send-key', () => {
  it('reach the guest as its keyboard', async () => {
    const text = 'Hi "~|_'
    const reading = place.run(
      'exec',
      '--',
      'sudo',
      'timeout',
      '60',
      'sh',
      '-c',
      'touch /tmp/reads; read -r line < /dev/tty1; echo "$line"',
    )
    await until(
      'the guest reads',
      60_000,
      async () => (await place.run('exec', '--', 'test', '-e', '/tmp/reads')).code === 0,
    )
    expect(await place.json('type', 'default', `${text}x`)).toEqual({
      machine: 'default',
      keys: text.length + 1,
    })
    expect(await place.json('send-key', 'default', 'backspace', 'enter')).toMatchObject({ keys: 2 })
    expect((await reading).stdout).toBe(`${text}\n`)
    await place.fails('E_KEYBOARD', 'type', 'default', 'naïve')
    await place.fails('E_KEYBOARD', 'send-key', 'default', 'ctrl-entre')
  })
})

describe('console', () => {
  /** What comes out of a console, and a wait for a text in it. */
  function attach(...args: string[]) {
    const child = place.start('console', ...args)
    const end = ended(child)
    let shown = ''
    child.stdout.on('data', (text: string) => {
      shown += text
    })
    const shows = (text: string) => until(text, 60_000, async () => shown.includes(text))
    return { child, end, shows }
  }

  it('takes input from a pipe, and shows what the guest writes to several at once', async () => {
    const [one, other] = [attach(), attach('default')]
    one.child.stdin.write('\n')
    await Promise.all([one.shows('login:'), other.shows('login:')])
    one.child.stdin.end('somebody\n')
    await Promise.all([one.shows('somebody'), other.shows('somebody')])
    await other.shows('Password:')
    other.child.stdin.write('wrong\n')
    await one.shows('Login incorrect')
    one.child.kill('SIGINT')
    other.child.kill('SIGTERM')
    expect(await Promise.all([one.end, other.end])).toMatchObject([{ code: 130 }, { code: 130 }])
    expect((await place.run('logs', '--console')).stdout).toContain('Login incorrect')
  })

  it('gives every key to the guest on a terminal, but Ctrl-], which detaches; the terminal is as before, killed too', async () => {
    const shell = `before=$(stty -g)
posada() { sh -c 'echo "pid=$$"; exec "$0" "$@"' ${process.execPath} ${launcher} console
  echo "code=$?"; test "$before" = "$(stty -g)" && echo as before; }
posada
posada`
    const script = String.raw`
      set timeout 60
      proc await {what} { expect -re $what {} timeout { puts "no $what"; exit 98 } eof { puts "ended before $what"; exit 99 } }
      # A login that is about to ask again throws away what was typed before.
      proc typed {keys what} {
        for {set i 0} {$i < 20} {incr i} { send $keys; expect -timeout 3 -re $what {return} timeout {} eof {exit 99} }
        puts "no $what"; exit 98
      }
      spawn sh console.sh
      await {Ctrl-\] detaches}
      typed "\n" {login:}
      typed "another\n" {Password:}
      typed "\x03\n" {login:}
      send "\x1d"
      await {detached}
      await {code=0\s+as before}
      expect -re {pid=(\d+)}
      set pid $expect_out(1,string)
      await {Ctrl-\] detaches}
      exec kill -TERM $pid
      await {code=130\s+as before}
      exit 0`
    writeFileSync(join(place.dir, 'console.sh'), shell)
    writeFileSync(join(place.dir, 'console.exp'), script)
    const { dir: cwd, env } = place
    const { exitCode, stdout } = await execa('expect', ['console.exp'], {
      cwd,
      env,
      extendEnv: false,
      reject: false,
    })
    expect(exitCode, stdout).toBe(0)
  })

  it('ends with the machine, and says so of one that is off', async () => {
    expect(await place.fails('E_USAGE', 'console')).toMatchObject({ exitCode: 2 })
    const { child, shows, end } = attach()
    child.stdin.write('\n')
    await shows('login:')
    await place.json('halt', '--force')
    expect(await end).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('machine default has stopped'),
    })
    const off = await ended(place.start('console'))
    expect(off).toMatchObject({ code: 1, stderr: expect.stringContaining('[E_NOT_RUNNING]') })
  })
})
