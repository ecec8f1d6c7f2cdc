import { expect, test } from 'vitest'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { StepOutput } from '../../../src/provisioners/output.ts'

function collect() {
  const events: PosadaEvent[] = []
  return { events, output: new StepOutput((event) => events.push(event), { step: 's', machine: 'web' }) }
}

test('a character that is cut in two is told whole', () => {
  const { events, output } = collect()
  const bytes = Buffer.from('ä€')
  for (const byte of bytes) output.stdout.write(Buffer.from([byte]))
  expect(events.map((event) => event.type === 'output' && event.text)).toEqual(['ä', '€'])
  expect(events[0]).toMatchObject({ stream: 'stdout', step: 'provision:s', machine: 'web' })
})

test('the last lines are bounded in number and length, the unfinished one included', () => {
  const { output } = collect()
  output.stdout.write(Array.from({ length: 1000 }, (_, i) => `line ${i}\r\n`).join(''))
  output.stderr.write('y'.repeat(100_000))
  const lines = output.lastLines()
  expect(lines).toHaveLength(20)
  expect(lines.at(-2)).toBe('line 999')
  expect(lines.at(-1)).toBe('y'.repeat(500))
})
