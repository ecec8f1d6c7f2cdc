import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, it, onTestFinished, vi } from 'vitest'
import { isAlive, processIdentity } from '../../../../src/lib/process/process-identity.ts'
import { runGroup } from '../../../../src/lib/process/run-group.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'

async function run(script: string, signal?: AbortSignal) {
  const cwd = await temporaryFolder(onTestFinished)
  const texts = { stdout: '', stderr: '' }
  const into = (name: keyof typeof texts) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString()
        done()
      },
    })
  const options = { cwd, env: { GREETING: 'hi' }, stdout: into('stdout'), stderr: into('stderr'), signal }
  const result = runGroup(['/bin/sh', '-c', script], options)
  return { cwd, texts, result }
}

it('gives the exit code, and what was written', async () => {
  const { cwd, texts, result } = await run('echo "$GREETING from $PWD"; echo no >&2; cat; exit 3')
  expect(await result).toEqual({ code: 3, signal: null })
  expect(texts).toEqual({ stdout: `hi from ${cwd}\n`, stderr: 'no\n' })
})

it('says what killed it', async () => {
  const { result } = await run('kill -9 $$')
  expect(await result).toEqual({ code: 128, signal: 'SIGKILL' })
})

it('does not wait for what is left in the background', async () => {
  const { texts, result } = await run('sleep 1000 & echo $!')
  expect(await result).toEqual({ code: 0, signal: null })
  const left = await processIdentity(Number(texts.stdout))
  expect(left).not.toBeNull()
  if (left !== null) process.kill(left.pid, 'SIGKILL')
})

it('ends all of it when it is aborted, also what hears no SIGINT', async () => {
  const control = new AbortController()
  const script = `trap 'exit 1' INT; sh -c 'trap "" INT TERM; sleep 1000' & echo $! > pid; sleep 1000 & wait`
  const { cwd, result } = await run(script, control.signal)
  const failed = expect(result).rejects.toThrow('enough')
  const pid = await vi.waitFor(async () => {
    const found = Number(await readFile(join(cwd, 'pid'), 'utf8'))
    expect(found).toBeGreaterThan(0)
    return found
  }, 20_000)
  const child = await processIdentity(pid)
  control.abort(new Error('enough'))
  await failed
  const isGone = async () => child === null || !(await isAlive(child)) || (await isZombie(pid))
  await vi.waitFor(async () => expect(await isGone()).toBe(true), 10_000)
})

/** Ended, and not yet collected by whoever has it now. */
async function isZombie(pid: number): Promise<boolean> {
  return / Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ' Z '))
}

it('refuses a program that is not there', async () => {
  const cwd = await temporaryFolder(onTestFinished)
  await writeFile(join(cwd, 'x'), '')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const options = { cwd, env: {}, stdout: nowhere, stderr: nowhere }
  await expect(runGroup([join(cwd, 'x')], options)).rejects.toMatchObject({ code: 'EACCES' })
})
