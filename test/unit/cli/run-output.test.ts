import { Writable } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { runOutput } from '../../../src/cli/run-output.ts'

const options = { json: true, secrets: ['hunter2'], prefix: 'a | ', tail: true }

it('hides secrets in the document and in what is kept of the end', async () => {
  const output = runOutput(options)
  output.stdout.write('pass hunt')
  output.stdout.write('er2 ok')
  output.stderr.write('hunter2\n')
  const { document, tail } = await output.end()
  expect(document).toEqual({ stdout: 'pass *** ok', stderr: '***\n', truncated: false })
  expect(tail).not.toContain('hunter2')
  expect(tail).toContain('***')
})

it('keeps only the end of a long output', async () => {
  const output = runOutput({ ...options, secrets: [] })
  for (let count = 0; count < 40; count++) output.stdout.write('x'.repeat(1024 * 1024))
  output.stdout.write('the end')
  const { document, tail } = await output.end()
  expect(document).toMatchObject({ truncated: true })
  expect(tail).toHaveLength(64 * 1024)
  expect(tail.endsWith('xthe end')).toBe(true)
})

it('has nothing to give where nothing is asked for', async () => {
  const output = runOutput({ json: false, secrets: [], prefix: null, tail: false })
  expect(output.stdout).toBe(process.stdout)
  expect(await output.end()).toEqual({ document: {}, tail: '' })
})

it.each([null, 'a | '])(
  'ends where the reader of its output is gone, behind a prefix too: %j',
  async (prefix) => {
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(gone) })
    const heard = new Promise((resolve) => stdout.on('error', resolve))
    const standard = vi.spyOn(process, 'stdout', 'get').mockReturnValue(stdout as typeof process.stdout)
    const output = runOutput({ ...options, json: false, prefix })
    standard.mockRestore()
    const failed = new Promise((resolve) => output.stdout.on('error', resolve))
    output.stdout.write('text\n')
    expect([await failed, await heard]).toEqual([gone, gone])
    for (let count = 0; count < 100; count++) output.stdout.write('x'.repeat(10_000))
    expect((await output.end()).document).toEqual({})
    expect(stdout.listenerCount('error')).toBe(1)
  },
)
