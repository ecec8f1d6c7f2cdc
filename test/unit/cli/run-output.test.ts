import { expect, it } from 'vitest'
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
