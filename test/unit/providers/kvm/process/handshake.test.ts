import { describe, expect, it } from 'vitest'
import { encodeFailure, encodeReady, readHandshake } from '../../../../../providers/kvm/process/handshake.ts'
import { PosadaError } from '../../../../../src/errors/index.ts'

describe('handshake', () => {
  it('tells that the machine runs', () => {
    expect(readHandshake(encodeReady())).toBeNull()
  })

  it('carries an error with all that a user sees of it', () => {
    const error = new PosadaError('E_KVM_PERMISSION', 'no', {
      value: '/dev/kvm',
      hint: 'join',
      details: ['a', 'b'],
    })
    const read = readHandshake(encodeFailure(error))
    expect(read).toMatchObject({
      code: 'E_KVM_PERMISSION',
      message: 'no',
      value: '/dev/kvm',
      hint: 'join',
      details: ['a', 'b'],
    })
  })

  it.each(['', '{"rea', '{"error":{"code":"E_NO_SUCH","message":"m"}}'])(
    'makes a start failure of %j',
    (line) => {
      expect(readHandshake(line)?.code).toBe('E_KVM_START')
    },
  )

  it('makes a start failure of a bug', () => {
    expect(readHandshake(encodeFailure(new TypeError('x is undefined')))).toMatchObject({
      code: 'E_KVM_START',
      message: 'x is undefined',
    })
  })
})
