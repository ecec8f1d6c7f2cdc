import { expect, it } from 'vitest'
import { maskedEmit, maskedError } from '../../../src/cli/masked.ts'
import { PosadaError } from '../../../src/errors/index.ts'
import type { PosadaEvent } from '../../../src/events/index.ts'

const secrets = ['hunter2', 'warn']

it('hides secret values in what people read of events, and leaves the rest', () => {
  const told: PosadaEvent[] = []
  const emit = maskedEmit((event) => told.push(event), secrets)
  const text = 'a hunter2 b'
  const events: PosadaEvent[] = [
    { type: 'step', status: 'done', step: 'boot', message: text, ms: 1 },
    { type: 'output', stream: 'stdout', text, step: 'boot', machine: 'web' },
    { type: 'progress', step: 'boot', message: text, done: 1, unit: 'items' },
    { type: 'notice', level: 'warn', message: text, hint: text },
    { type: 'notice', level: 'warn', message: text },
    { type: 'machines', machines: ['web'] },
    { type: 'machine', machine: 'web', status: 'work', message: text },
    { type: 'section', status: 'start', name: 'a', title: text },
  ]
  for (const event of events) emit(event)
  expect(told).toEqual(JSON.parse(JSON.stringify(events).replaceAll('hunter2', '***')))
})

it('hides them in an error, and in the problems that it stands for', () => {
  const place = { file: 'posada.yaml', line: 1, column: 1, text: 'box: hunter2' }
  const problem = new PosadaError('E_USAGE', 'hunter2 is wrong')
  const told = maskedError(
    new PosadaError('E_BOX_INVALID', 'no hunter2', {
      ...{ place, value: 'hunter2', hint: 'not hunter2', details: ['hunter2'], machine: 'web' },
      problems: [problem],
    }),
    secrets,
  )
  expect(told).toMatchObject({ code: 'E_BOX_INVALID', message: 'no ***', machine: 'web', hint: 'not ***' })
  expect(JSON.stringify(told) + told.stack + told.problems[0]?.message).not.toContain('hunter2')
})
