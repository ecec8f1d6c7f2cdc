import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { capture } from '../../../src/ssh/capture.ts'
import { connect } from '../../../src/ssh/connect.ts'
import type { SshSession } from '../../../src/ssh/session.ts'
import { canStartDropbear, startDropbear } from '../../helpers/dropbear.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// What a guest's login shell and its SSH server make of a command. The whole file takes some 10 s.

let session: SshSession | undefined
afterEach(async () => {
  await session?.close()
  session = undefined
})

async function open(server: TestServer): Promise<SshSession> {
  onTestFinished(() => server.stop())
  session = await connect(server.target)
  return session
}

/** A server whose login shell is another: what sshd does with it, done by its own. */
async function openWith(shell: string): Promise<SshSession> {
  const force = `ForceCommand exec ${shell} -c "$SSH_ORIGINAL_COMMAND"`
  return open(await startSshd([force, `SetEnv SHELL=${shell}`]))
}

const shells = ['/bin/dash', '/bin/bash', '/usr/bin/tcsh', '/usr/bin/fish', '/bin/zsh']
describe.each(shells.filter((path) => existsSync(path)))('login shell %s', (shell) => {
  const odd = `it's "a" $HOME \\ ! \n {two} [lines]* ~ #\n`

  test('takes any word, environment and folder', async () => {
    const guest = await openWith(shell)
    const script = 'pwd; printf "%s|" "$A" "$@"; exit 7'
    const result = await capture(guest, ['sh', '-c', script, 'sh', odd, ''], { env: { A: odd }, cwd: '/tmp' })
    expect(result).toEqual({ code: 7, signal: null, stdout: `/tmp\n${odd}|${odd}||`, stderr: '' })
  })

  test('runs text itself', async () => {
    const guest = await openWith(shell)
    const told = await capture(guest, "echo 'a b' | cat; exit 3")
    expect(told).toMatchObject({ code: 3, stdout: 'a b\n' })
  })

  test('runs text of several lines, where it knows such', async () => {
    const guest = await openWith(shell)
    expect((await capture(guest, 'echo one\necho two')).stdout).toBe('one\ntwo\n')
  })
})

test('what a login shell says of its own is not in the output', async () => {
  const noise = 'for i in 1 2 3; do echo "Welcome $i"; done; exec /bin/bash -c "$SSH_ORIGINAL_COMMAND"'
  const guest = await open(await startSshd([`ForceCommand ${noise}`]))
  const told = await capture(guest, ['printf', 'clean'], { env: { A: '1' } })
  expect(told).toEqual({ code: 0, signal: null, stdout: 'clean', stderr: '' })
})

test('a login shell that runs nothing is heard', async () => {
  const refusal = 'ForceCommand echo "This account is currently not available."; exit 1'
  const guest = await open(await startSshd([refusal]))
  expect(await capture(guest, ['true'])).toMatchObject({
    code: 1,
    stdout: 'This account is currently not available.\n',
  })
})

const servers = [
  { name: 'OpenSSH', start: () => startSshd() },
  ...(canStartDropbear ? [{ name: 'dropbear', start: startDropbear }] : []),
]
describe.each(servers)('$name', ({ start }) => {
  let server: TestServer
  let guest: SshSession
  beforeAll(async () => {
    server = await start()
    guest = await connect(server.target)
  })
  afterAll(async () => {
    await guest?.close()
    await server?.stop()
  })

  test.each([
    ['TERM', 143],
    ['KILL', 137],
    ['HUP', 129],
    ['INT', 130],
    ['PIPE', 141],
    ['SEGV', 139],
    ['BUS', 135],
    ['TRAP', 133],
    ['SYS', 159],
    ['XCPU', 152],
    ['XFSZ', 153],
  ])('a command killed by %s gives 128 + n', async (name, code) => {
    const killed = { code, signal: `SIG${name}`, stdout: '', stderr: '' }
    expect(await capture(guest, ['sh', '-c', `kill -${name} $$`])).toEqual(killed)
    expect(await capture(guest, `kill -${name} $$`)).toEqual(killed)
  })

  test('a real-time signal too', async () => {
    expect(await capture(guest, ['sh', '-c', 'kill -40 $$'])).toMatchObject({ code: 168, signal: null })
  })

  test.each([129, 137, 139, 255])('an exit code of %d is one', async (code) => {
    expect(await capture(guest, ['sh', '-c', `exit ${code}`])).toMatchObject({ code, signal: null })
  })

  test('bytes that are not UTF-8 reach the program', async () => {
    const word = Buffer.from([0x61, 0xff, 0xfe])
    const told = await capture(guest, ['sh', '-c', 'printf %s "$1" | od -An -tx1', 'sh', word])
    expect(told.stdout.trim()).toBe('61 ff fe')
  })

  const endless = [
    'sleep 600 &',
    'nohup sleep 600 &',
    'setsid sleep 600 &',
    '(while :; do sleep 0.2; echo x; done) &',
  ]
  test.each(endless)('a command is done when it has ended, whatever it left: %s', async (left) => {
    const pids: string[] = []
    onTestFinished(() => {
      for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
    })
    const told = await capture(
      guest,
      ['sh', '-c', `echo first; ${left} echo $! >&2; head -c 300000 /dev/zero; exit 3`],
      {
        leaveBackground: true,
      },
    )
    pids.push(...(told.stderr.match(/^\d+$/m) ?? []))
    expect(pids).toHaveLength(1)
    expect(told).toMatchObject({ code: 3, signal: null })
    expect(told.stdout.startsWith('first\n')).toBe(true)
    expect(told.stdout.match(/\0/g)).toHaveLength(300_000)
  })
})
