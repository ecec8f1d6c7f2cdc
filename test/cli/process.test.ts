import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { withLock } from '../../src/project/lock.ts'
import { projectPaths } from '../../src/project/paths.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import { ended, launcher, makePlace, says } from '../helpers/posada.ts'

const run = promisify(execFile)
const place = makePlace('process')
afterAll(place.remove)
writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: posada/tiny\n')
const root = dirname(dirname(launcher))

describe('the launcher', () => {
  it.each(['--version', '-v'])('%s answers without the program', async (flag) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(await place.run(flag)).toEqual({
      code: 0,
      signal: null,
      stdout: `posada ${version}\n`,
      stderr: '',
    })
  })

  it('says what to do where it is not built, and works through a link', async () => {
    const bare = makePlace('bare')
    try {
      mkdirSync(join(bare.dir, 'bin'))
      for (const file of ['posada.js', 'package.json'])
        cpSync(join(root, 'bin', file), join(bare.dir, 'bin', file))
      cpSync(join(root, 'package.json'), join(bare.dir, 'package.json'))
      symlinkSync(join(bare.dir, 'bin', 'posada.js'), join(bare.dir, 'posada'))
      const failed = run(process.execPath, [join(bare.dir, 'posada'), 'status'], { env: bare.env })
      await expect(failed).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/not built.*npm --prefix .* run build/),
      })
    } finally {
      bare.remove()
    }
  })
})

describe('a reader that goes away', () => {
  it('is not an error', async () => {
    const line = `'${process.execPath}' '${launcher}' schema | exec true; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = await run('bash', ['-c', line], { env: place.env, cwd: place.dir })
    expect(stderr).toBe('')
    expect(['0\n', '141\n']).toContain(stdout)
  })
})

describe('stdin', () => {
  it('is for the guest: no argument that was left out is read from it', async () => {
    const child = place.start('exec', '--', 'cat')
    child.stdin.end('nope\n')
    expect(await ended(child)).toMatchObject({ code: 1, stderr: expect.stringContaining('E_NOT_CREATED') })
  })
})

/** Another process works on the machine: `posada halt` waits for its lock. */
function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  const { lock } = projectPaths(place.dir, userPaths(place.env)).machine('default')
  return withLock(lock, { command: 'a test', wait: 0 }, work)
}

describe('signals', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s ends the work with 130 and says so',
    async (signal) => {
      await whileLocked(async () => {
        const child = place.start('halt')
        const end = ended(child)
        await says(child, 'waiting for a test')
        child.kill(signal)
        const { code, stdout, stderr } = await end
        expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
        expect(stderr).toContain(`interrupted by ${signal} [E_INTERRUPTED]`)
      })
    },
  )

  it('is reported as a document with --json', async () => {
    await whileLocked(async () => {
      const child = place.start('halt', '--json', '--debug')
      const end = ended(child)
      await says(child, 'waiting for a test')
      child.kill('SIGINT')
      const { code, stdout } = await end
      expect(code).toBe(130)
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'E_INTERRUPTED' } })
    })
  })

  it('the second one ends at once what does not heed the first', async () => {
    const file = join(place.dir, 'stubborn.mjs')
    await build({
      stdin: {
        contents: `import { interruptible } from './src/cli/interrupt.ts'
          interruptible(() => console.error('told'))
          setInterval(() => undefined, 1000)
          console.error('ready')`,
        resolveDir: root,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: file,
    })
    const { spawn } = await import('node:child_process')
    const child = spawn(process.execPath, [file])
    const end = ended(child)
    await says(child, 'ready')
    child.kill('SIGINT')
    await says(child, 'told')
    child.kill('SIGINT')
    expect((await end).code).toBe(130)
  })
})
