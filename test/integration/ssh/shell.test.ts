import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { clientConfig } from '../../../src/ssh/index.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// A real terminal, made by script(1) of bsdutils. The whole file takes some 10 s.

let server: TestServer
let program: string
let terminal: Terminal

beforeAll(async () => {
  server = await startSshd(['AcceptEnv nothing'])
  program = join(server.dir, 'open-shell.cjs')
  const entry = join(import.meta.dirname, '../../fixtures/ssh/open-shell.ts')
  const settings = { bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' } as const
  await build({ ...settings, entryPoints: [entry], outfile: program, external: ['*.node', 'cpu-features'] })
})
afterAll(() => server?.stop())
beforeEach(() => {
  terminal = new Terminal()
})
afterEach(() => terminal.close())

/** A shell on a terminal of 33 by 77 characters that runs the program, then shows how it left the terminal. */
class Terminal {
  #child: ChildProcess | undefined
  #shown = ''
  #read = 0

  open(env: Record<string, string> = {}, command?: string[] | string, { target } = server): void {
    const argument = `'${JSON.stringify({ target, env, command }).replaceAll("'", "'\\''")}'`
    const script = [
      'stty rows 33 cols 77; echo "tty=$(tty)"',
      `TERM=vt220 ${process.execPath} ${program} ${argument}`,
      'echo "exit=$?"; stty -a',
    ].join('; ')
    const child = spawn('script', ['-qec', script, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdout.on('data', (data) => {
      this.#shown += String(data)
    })
    this.#child = child
  }

  type(text: string): void {
    this.#child?.stdin?.write(text)
  }

  /** Waits until what has been shown since the last match matches. */
  async see(pattern: RegExp): Promise<string[]> {
    for (let tries = 0; tries < 200; tries++) {
      const found = pattern.exec(this.#shown.slice(this.#read))
      if (found !== null) {
        this.#read += found.index + found[0].length
        return found
      }
      await sleep(50)
    }
    throw new Error(`${pattern} was not shown: ${JSON.stringify(this.#shown.slice(this.#read))}`)
  }

  close(): void {
    this.#child?.kill('SIGKILL')
  }
}

async function leftInOrder(): Promise<void> {
  const [settings = ''] = await terminal.see(/speed[\s\S]*echok?[\s\S]*$/)
  expect(settings).toMatch(/\sicanon/)
  expect(settings).toMatch(/\sisig/)
  expect(settings).toMatch(/\secho\s/)
  expect(settings).toMatch(/\sopost/)
}

test('size, type of terminal, window changes, exit status', async () => {
  terminal.open()
  const [, tty = ''] = await terminal.see(/tty=(\S+)/)
  terminal.type('PS1=; echo "$(stty size) $TERM"\n')
  await terminal.see(/33 77 vt220/)
  expect(spawnSync('stty', ['-F', tty, 'rows', '44', 'cols', '99']).status).toBe(0)
  await sleep(300)
  terminal.type('stty size\n')
  await terminal.see(/44 99/)
  terminal.type('exit 42\n')
  await terminal.see(/exit=42/)
  await leftInOrder()
})

test('Ctrl-C and Ctrl-Z go to the guest', async () => {
  terminal.open()
  await terminal.see(/tty=/)
  terminal.type('PS1=; echo fi""rst; sleep 1000; echo "interrupted $?"\n')
  await terminal.see(/first/)
  await sleep(300)
  terminal.type('\x03')
  await sleep(300)
  terminal.type('echo "after $?"\n')
  await terminal.see(/(after|interrupted) 130/)
  terminal.type('echo sec""ond; sleep 1000\n')
  await terminal.see(/second/)
  await sleep(300)
  terminal.type('\x1a')
  await sleep(300)
  terminal.type('jobs\n')
  await terminal.see(/Stopped/)
  // While the shell does not know yet that nothing is stopped any more, it would refuse to exit.
  terminal.type('kill -9 %1; while kill -0 %1 2>/dev/null; do sleep 0.1; done; echo en""ded\n')
  await terminal.see(/ended/)
  terminal.type('exit 0\n')
  await terminal.see(/exit=0/)
  await leftInOrder()
})

test('the environment is there and was not shown', async () => {
  terminal.open({ SECRET: `it's a "secret"` })
  await terminal.see(/tty=/)
  terminal.type('PS1=; printf "<%s>" "$SECRET" | tr a-z A-Z; exit 3\n')
  await terminal.see(/<IT'S A "SECRET">/)
  await terminal.see(/exit=3/)
})

test('a command has a terminal too, and was not shown', async () => {
  terminal.open({ SECRET: 'one' }, [
    'sh',
    '-c',
    'test -t 0 && test -t 1 && stty size; echo "$SECRET $1" | tr a-z A-Z; exit 7',
    'x',
    "it's two",
  ])
  await terminal.see(/33 77/)
  await terminal.see(/ONE IT'S TWO/)
  await terminal.see(/exit=7/)
  await leftInOrder()
  terminal.close()
  terminal = new Terminal()
  terminal.open({}, 'echo "a  b" | tr a-z A-Z; read x; echo "<$x>"')
  await terminal.see(/A {2}B/)
  terminal.type('typed\n')
  await terminal.see(/<typed>/)
  await terminal.see(/exit=0/)
})

test('a tilde and a dot end the connection', async () => {
  terminal.open()
  await terminal.see(/tty=/)
  terminal.type('PS1=; sleep 1000\n')
  await sleep(800)
  terminal.type('~.')
  await terminal.see(/exit=255/)
  await leftInOrder()
})

test('a connection that breaks off is told, and the terminal is put back', async () => {
  terminal.open()
  await terminal.see(/tty=/)
  terminal.type('PS1=; echo "server=$(ps -o ppid= -p $$)"\n')
  const [, pid = ''] = await terminal.see(/server=\s*(\d+)/)
  process.kill(Number(pid), 'SIGKILL')
  await terminal.see(/failed: E_SSH_LOST/)
  await terminal.see(/exit=1/)
  await leftInOrder()
})

test('without a terminal the shell reads commands', () => {
  const argument = JSON.stringify({ target: server.target, env: { A: 'b c' } })
  const result = spawnSync(process.execPath, [program, argument], {
    input: 'echo "$A"; echo err >&2; exit 5\n',
  })
  expect(result.stdout.toString()).toBe('b c\n')
  expect(result.stderr.toString()).toContain('err\n')
  expect(result.status).toBe(5)
})

test("OpenSSH's own client logs in with the configuration made for it", async () => {
  const argument = JSON.stringify({ target: server.target, env: {} })
  spawnSync(process.execPath, [program, argument], { input: 'exit\n' }) // records the host key
  const config = join(server.dir, 'ssh config')
  await writeFile(
    config,
    clientConfig([server.target], () => []),
  )
  const result = spawnSync('ssh', ['-T', '-F', config, 'box', 'echo hello'])
  expect(result.stderr.toString()).toBe('')
  expect(result.stdout.toString()).toBe('hello\n')
})

test('start files that print keep no environment and no command from the guest', async () => {
  const noisy = await startSshd(['ForceCommand echo "Welcome"; exec /bin/bash -c "$SSH_ORIGINAL_COMMAND"'])
  onTestFinished(() => noisy.stop())
  terminal.open({ A: 'from env' }, ['sh', '-c', 'echo "A=$A"; kill -BUS $$'], noisy)
  await terminal.see(/A=from env/)
  await terminal.see(/exit=135/)
})
