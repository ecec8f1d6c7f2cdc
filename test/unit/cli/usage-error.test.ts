import { CLIError, ExitError } from '@oclif/core/errors'
import { describe, expect, it } from 'vitest'
import { usageError } from '../../../src/cli/usage-error.ts'

describe('usageError', () => {
  it('makes one line of what oclif says', () => {
    const error = usageError(
      new CLIError('Parsing --lines \n\tExpected an integer but received: x\nSee more help with --help'),
      'box:add',
    )
    expect(error).toMatchObject({
      code: 'E_USAGE',
      message: '--lines: expected an integer but received: x',
      hint: 'posada box add --help shows its use',
    })
  })

  it('leaves other errors and plain exits alone', () => {
    expect(usageError(new Error('x'), 'up')).toBeUndefined()
    expect(usageError(new ExitError(3), 'up')).toBeUndefined()
  })
})
