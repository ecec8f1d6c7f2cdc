import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { capture } from '../../../src/ssh/capture.ts'
import { connect } from '../../../src/ssh/connect.ts'
import { exec } from '../../../src/ssh/exec.ts'
import type { GuestShells } from '../../../src/ssh/session.ts'
import { type Keeper, startKeeper } from '../../helpers/keeper.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { hasSudo, isRunning, startSshd } from '../../helpers/sshd.ts'

// Over a connection of its own, and over one that is kept by a process. The whole file takes some 30 s.

let server: TestServer
let keeper: Keeper
let folder: string

beforeAll(async () => {
  server = await startSshd()
  keeper = await startKeeper(server.target)
})
afterAll(async () => {
  await keeper?.stop()
  await server?.stop()
})

async function ownConnection() {
  const session = await connect(server.target)
  return { session, cut: async () => session.client.destroy(), close: () => session.close() }
}

async function keptConnection() {
  const session = keeper.session()
  const close = async () => {
    expect(session.isOwn).toBe(false)
    await session.close()
  }
  return { session, cut: () => keeper.kill(), close }
}

describe.each([
  { name: 'its own connection', open: ownConnection },
  { name: 'a kept connection', open: keptConnection },
])('$name', ({ open }) => {
  let session: GuestShells
  let opened: Awaited<ReturnType<typeof open>>

  beforeEach(async () => {
    opened = await open()
    session = opened.session
    folder = await mkdtemp(join(tmpdir(), 'posada-exec-'))
  })
  afterEach(async () => {
    await opened?.close()
    await rm(folder, { recursive: true, force: true })
  })

  describe('what a command gets and gives', () => {
    test('exit code, stdout and stderr apart', async () => {
      const result = await capture(session, ['sh', '-c', 'echo out; echo err >&2; exit 7'])
      expect(result).toEqual({ code: 7, signal: null, stdout: 'out\n', stderr: 'err\n' })
    })

    test('text runs in the login shell, words run as they are', async () => {
      expect((await capture(session, 'echo $((1+2)) | cat')).stdout).toBe('3\n')
      expect((await capture(session, ['echo', '$((1+2)) | cat'])).stdout).toBe('$((1+2)) | cat\n')
    })

    test('a command that is not there gives 127', async () => {
      expect((await capture(session, ['no-such-program'])).code).toBe(127)
      expect((await capture(session, 'no-such-program')).code).toBe(127)
    })

    test('a killed command gives 128 + n and the signal', async () => {
      const result = await capture(session, 'kill -TERM $$')
      expect(result).toMatchObject({ code: 143, signal: 'SIGTERM' })
      expect((await capture(session, ['sh', '-c', 'kill -KILL $$'])).code).toBe(137)
    })

    test('any environment, any folder', async () => {
      const env = { A: `it's "a" $HOME \\ \n two lines\n`, B: '', UMLAUT: 'ä€😀' }
      const result = await capture(session, ['sh', '-c', 'pwd; printf "%s|" "$A" "$B" "$UMLAUT"'], {
        env,
        cwd: folder,
      })
      expect(result.stdout).toBe(`${folder}\n${env.A}|${env.B}|${env.UMLAUT}|`)
    })

    test('the environment never stands on a command line', async () => {
      const result = await capture(session, 'cat /proc/[0-9]*/cmdline | tr "\\0" " "', {
        env: { TOKEN: 'secret-value-42' },
      })
      expect(result.stdout).toContain('posada-')
      expect(result.stdout).not.toContain('secret-value-42')
    })

    test('a folder that is not there gives 126', async () => {
      const result = await capture(session, ['true'], { cwd: join(folder, 'none') })
      expect(result.code).toBe(126)
    })

    test('a name that cannot be a variable is refused', async () => {
      await expect(capture(session, ['true'], { env: { 'A;B': '1' } })).rejects.toMatchObject({
        code: 'E_VALUE_INVALID',
        value: 'A;B',
      })
    })

    test.runIf(hasSudo())('another user of the guest, with the environment', async () => {
      const result = await capture(session, ['sh', '-c', 'id -un; echo $A; exit 3'], {
        user: 'nobody',
        env: { A: 'x y' },
      })
      expect(result).toMatchObject({ code: 3, stdout: 'nobody\nx y\n' })
    })

    test('any bytes pass through stdin, stdout and stderr unchanged', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 200_000, size: 'max' }), async (bytes) => {
          const [stdout, stderr] = [new Collect(), new Collect()]
          const result = await exec(session, 'tee /dev/stderr', { stdin: Buffer.from(bytes), stdout, stderr })
          expect(result.code).toBe(0)
          expect(stdout.bytes().equals(Buffer.from(bytes))).toBe(true)
          expect(stderr.bytes().equals(Buffer.from(bytes))).toBe(true)
        }),
        { numRuns: 25 },
      )
    })

    test('any word reaches the program as it is', async () => {
      const word = fc.string({
        unit: fc.oneof(
          fc.constantFrom(...Array.from('\'"\\$`&|;<>() \t\n*?[]#~=%!{}')),
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
        ),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(word, { maxLength: 5 }), async (words) => {
          const result = await capture(session, ['sh', '-c', 'printf "%s\\n.\\n" "$@"', 'sh', ...words])
          expect(result.stdout).toBe(words.length === 0 ? '\n.\n' : words.map((w) => `${w}\n.\n`).join(''))
        }),
        { numRuns: 25 },
      )
    })

    test('much output through a slow reader is complete, and the command is slowed down', async () => {
      let size = 0
      const slow = new Writable({
        highWaterMark: 1024,
        write(chunk: Buffer, _encoding, done) {
          size += chunk.length
          setTimeout(done, 1)
        },
      })
      await exec(session, 'head -c 20000000 /dev/zero', { stdout: slow })
      await new Promise<void>((resolve) => slow.end(resolve))
      expect(size).toBe(20_000_000)
    })

    test('a command that does not read its stdin ends all the same', async () => {
      const stdin = new PassThrough()
      stdin.write(Buffer.alloc(10_000_000))
      expect(await exec(session, ['sh', '-c', 'exit 4'], { stdin })).toMatchObject({ code: 4 })
      expect(stdin.destroyed).toBe(false)
    })

    test('many at once over one connection', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          capture(session, ['sh', '-c', `cat; exit ${i}`], { stdin: `${i}` }),
        ),
      )
      expect(results.map((r) => [r.code, r.stdout])).toEqual(results.map((_, i) => [i, `${i}`]))
    })
  })

  describe('stopping a command', () => {
    async function pids(file: string, count: number): Promise<number[]> {
      for (let tries = 0; tries < 100; tries++) {
        const text = await readFile(join(folder, file), 'utf8').catch(() => '')
        const found = text.trim().split(/\s+/).filter(Boolean).map(Number)
        if (found.length >= count) return found
        await sleep(50)
      }
      throw new Error('the command did not start')
    }

    async function stopped(command: string[], count: number, user?: string): Promise<void> {
      const control = new AbortController()
      const work = exec(session, command, {
        signal: control.signal,
        cwd: folder,
        ...(user === undefined ? {} : { user }),
      })
      const failure = work.then(
        () => null,
        (error: unknown) => error,
      )
      const running = await pids('pids', count)
      control.abort(new Error('enough'))
      expect(await failure).toMatchObject({ message: 'enough' })
      for (const pid of running) expect(await isRunning(pid)).toBe(false)
    }

    test('a plain command', async () => {
      await stopped(['sh', '-c', 'echo $$ > pids; exec sleep 1000'], 1)
    })

    test('a pipeline with children in the background, and one in a session of its own', async () => {
      const script =
        'echo $$ > pids; sleep 1000 & echo $! >> pids; setsid sleep 1000 & echo $! >> pids; sleep 1000 | cat'
      await stopped(['sh', '-c', script], 3)
    })

    test('one that ignores SIGINT and SIGTERM (takes 4 s)', async () => {
      await stopped(['sh', '-c', `trap '' INT TERM; echo $$ > pids; while :; do sleep 1; done`], 1)
    })

    test('one that has closed its streams', async () => {
      await stopped(['sh', '-c', 'echo $$ > pids; exec sleep 1000 <&- >&- 2>&-'], 1)
    })

    test.runIf(hasSudo())('one that runs as another user', async () => {
      await exec(session, ['chmod', '777', folder])
      await stopped(['sh', '-c', 'echo $$ > pids; exec sleep 1000'], 1, 'nobody')
    })

    test('one whose output no one can take any longer', async () => {
      const broken = new Writable({
        write(_chunk, _encoding, done) {
          done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
        },
      })
      const work = exec(session, 'echo $$ > pids; exec yes', { stdout: broken, cwd: folder })
      await expect(work).rejects.toMatchObject({ code: 'EPIPE' })
      const [pid] = await pids('pids', 1)
      expect(await isRunning(pid ?? 0)).toBe(false)
    })

    test('one whose stdin fails', async () => {
      const stdin = new Readable({
        read() {
          this.destroy(new Error('the disk is gone'))
        },
      })
      await expect(exec(session, ['cat'], { stdin })).rejects.toThrow('the disk is gone')
    })

    test('before it has begun', async () => {
      await expect(exec(session, ['true'], { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
        'no',
      )
    })
  })

  test('a guest that floods is cut off', async () => {
    await expect(capture(session, 'yes', { limit: 10_000 })).rejects.toMatchObject({ code: 'E_SSH_LOST' })
  })

  test('that breaks off in the middle is E_SSH_LOST', async () => {
    const work = exec(session, ['sleep', '3'])
    setTimeout(() => opened.cut(), 300)
    await expect(work).rejects.toMatchObject({ code: 'E_SSH_LOST', machine: 'box' })
  })
})

test('nothing runs over a connection that has ended', async () => {
  const session = await connect(server.target)
  session.client.destroy()
  await session.closed
  await expect(exec(session, ['true'])).rejects.toMatchObject({ code: 'E_SSH_LOST' })
})

class Collect extends Writable {
  readonly #chunks: Buffer[] = []
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk)
    done()
  }
  bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}
