import { expect, it } from 'vitest'
import { PosadaError, throwProblems } from '../../../src/errors/index.ts'

const [full, taken] = [new PosadaError('E_DISK_FULL', 'no room'), new PosadaError('E_PORT_IN_USE', 'taken')]

it('throws nothing for nothing and a single problem as it is', () => {
  expect(() => throwProblems([], { message: 'several' })).not.toThrow()
  expect(() => throwProblems([full], { message: 'several' })).toThrow(full)
})

it('throws several in one error, with the code of the first unless another is given', () => {
  expect(() => throwProblems([full, taken], { message: 'two', machine: 'web' })).toThrow(
    expect.objectContaining({ code: 'E_DISK_FULL', message: 'two', machine: 'web', problems: [full, taken] }),
  )
  expect(() => throwProblems([full, taken], { code: 'E_SEVERAL', message: 'two' })).toThrow(
    expect.objectContaining({ code: 'E_SEVERAL' }),
  )
})
