import { readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { freePort } from '../../helpers/free-port.ts'
import { ended, makePlace } from '../../helpers/posada.ts'

// Every command against one machine of the box posada/tiny, from a folder with spaces in its path.
// Boots it twice: about 30 s with TCG on two cores.
const XDG_DATA_HOME = process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share')
const place = makePlace('a project with spaces', { XDG_DATA_HOME })
writeFileSync(
  join(place.dir, 'posada.yaml'),
  `version: 1
name: life
machines:
  web:
    box: posada/tiny
    provider: qemu
    memory: 256MiB
    env: {GREETING: hello world}
    ports: ["${await freePort()}:80"]
    provision:
      - name: first
        shell: echo "$GREETING" > /tmp/first; echo done
`,
)

afterAll(async () => {
  await place.run('destroy', '--yes')
  place.remove()
})

/** What differs from run to run: paths, ports, process numbers, times, versions of the box. */
function steady(text: string): unknown {
  const volatile: Record<string, string> = {
    ms: '<ms>',
    pid: '<pid>',
    port: '<port>',
    hostPort: '<port>',
    movedFrom: '<port>',
    startedAt: '<time>',
    id: '<id>',
    via: '<via>',
    accelerator: '<accelerator>',
    version: '<version>',
  }
  return JSON.parse(text.replaceAll(join(place.dir, '..'), '<base>'), (key, value) => {
    if (key in volatile && value !== null) return volatile[key]
    return typeof value === 'string' ? value.replace(/(posada\/tiny)@\S+/, '$1@<version>') : value
  })
}

async function json(...argv: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await place.run(...argv, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return steady(stdout)
}

describe('the documents of a life', () => {
  it('up', async () => expect(await json('up')).toMatchSnapshot())
  it('up again', async () => expect(await json('up')).toMatchSnapshot())
  it('status', async () => expect(await json('status')).toMatchSnapshot())
  it('list', async () => expect(await json('list')).toMatchSnapshot())
  it('ports', async () => expect(await json('ports')).toMatchSnapshot())
  it('provision --force', async () =>
    expect(await json('provision', '--force', '--step', 'first')).toMatchSnapshot())
  it('logs --console', async () => {
    expect(await json('logs', '--console', '-n', '2')).toEqual({
      source: 'console',
      lines: expect.any(Array),
    })
  })
  it('ssh-config', async () => {
    expect(await json('ssh-config')).toEqual({ config: expect.stringMatching(/^Host web web\.[a-z-]+\n/) })
  })
})

describe('commands in the guest', () => {
  it('exec keeps streams, words and the exit code apart', async () => {
    const child = place.start(
      'exec',
      'web',
      '--',
      'sh',
      '-c',
      'cat; echo "$GREETING $1" >&2; exit 7',
      'sh',
      "two  words'",
    )
    const end = ended(child)
    child.stdin.end(Buffer.from('in\u0000put'))
    expect(await end).toEqual({
      code: 7,
      signal: null,
      stdout: 'in\u0000put',
      stderr: "hello world two  words'\n",
    })
  })

  it('exec gives 128 and the signal that killed the command', async () => {
    const { code } = await place.run('exec', 'web', '--', 'sh', '-c', 'kill -9 $$')
    expect(code).toBe(137)
  })

  it('ssh -- gives one line to the shell of the guest', async () => {
    const { code, stdout } = await place.run('ssh', 'web', '--', 'cat /tmp/first | tr a-z A-Z')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'HELLO WORLD\n' })
  })

  it('an interruption ends the command in the guest, too', async () => {
    const child = place.start('exec', 'web', '--', 'sh', '-c', 'echo ready >&2; exec sleep 987')
    const end = ended(child)
    await new Promise<void>((resolve) => child.stderr.once('data', () => resolve()))
    child.kill('SIGINT')
    expect((await end).code).toBe(130)
    const { stdout } = await place.run('exec', 'web', '--', 'sh', '-c', 'ps | grep "[s]leep 987" | wc -l')
    expect(stdout.trim()).toBe('0')
  })

  it('copy takes a file there and back', async () => {
    writeFileSync(join(place.dir, 'a file.bin'), Buffer.from([0, 255, 10, 13]))
    expect(await json('copy', 'a file.bin', 'web:')).toEqual({ files: 1, bytes: 4, skipped: [] })
    expect(await json('copy', 'web:a file.bin', 'back.bin')).toEqual({ files: 1, bytes: 4, skipped: [] })
    expect(readFileSync(join(place.dir, 'back.bin'))).toEqual(Buffer.from([0, 255, 10, 13]))
  })

  it('completion knows the machine', async () => {
    const { stdout } = await place.run('__complete', '--', 'exec', 'w')
    expect(stdout).toBe('web\tposada/tiny\n')
  })
})

describe('the end of a life', () => {
  it('halt', async () => expect(await json('halt')).toMatchSnapshot())
  it('exec on a halted machine', async () => {
    const { code, stderr } = await place.run('exec', 'web', '--', 'true')
    expect(code).toBe(1)
    expect(stderr).toContain('[E_NOT_RUNNING]')
  })
  it('reload', async () => expect(await json('reload', '--no-provision')).toMatchSnapshot())
  it('halt --force', async () => expect(await json('halt', '--force')).toMatchSnapshot())
  it('destroy', async () => expect(await json('destroy', '--yes')).toMatchSnapshot())
  it('leaves nothing to list', async () => expect(await json('list')).toEqual({ projects: [] }))
})
