import { expect, it } from 'vitest'
import { forkSource } from '../../../src/cli/fork-source.ts'

it('is a snapshot of this project or of another fork, or neither', () => {
  expect(forkSource(undefined)).toEqual({})
  expect(forkSource('@clean')).toEqual({ snapshot: 'clean' })
  expect(forkSource('review@clean')).toEqual({ snapshot: 'clean', project: 'review' })
  for (const wrong of ['clean', '@', 'review@', 'a@b@c', ''])
    expect(() => forkSource(wrong)).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
})
