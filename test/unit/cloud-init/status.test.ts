import { describe, expect, it } from 'vitest'
import { readReport } from '../../../src/cloud-init/status.ts'

const report = (result: unknown, log = '') =>
  `${typeof result === 'string' ? result : JSON.stringify(result)}\n========\n${log}`

describe('readReport', () => {
  it('tells errors before the end of the log', () => {
    const result = { v1: { datasource: 'DataSourceNoCloud', errors: ["('scripts_user', RuntimeError())"] } }
    expect(readReport(report(result, '+ false\n\nfailed  \n'))).toEqual([
      "('scripts_user', RuntimeError())",
      '+ false',
      'failed',
    ])
  })

  it('tells what could be gone over, too', () => {
    const result = { v1: { errors: [], recoverable_errors: { WARNING: ['no such key: pakages'] } } }
    expect(readReport(report(result))).toEqual(['no such key: pakages'])
  })

  it.each(['', '{', '[]', 'null', '{"v1": null}', '{"v1": {"errors": {"a": 1}}}'])(
    'makes nothing of %j',
    (result) => expect(readReport(report(result, 'x'))).toEqual(['x']),
  )

  it('shows a bounded part of what the guest writes', () => {
    const lines = readReport(
      report({ v1: { errors: Array(1000).fill('e'.repeat(1e4)) } }, 'l\n'.repeat(1000)),
    )
    expect(lines.length).toBeLessThanOrEqual(25)
    expect(Math.max(...lines.map((line) => line.length))).toBe(400)
  })
})
