import { describe, expect, it } from 'vitest'
import { encodeFailure, encodeReady, readHandshake } from '../../../src/background/handshake.ts'
import { PosadaError } from '../../../src/errors/index.ts'

const process = { what: 'the hypervisor', code: 'E_KVM_START' } as const

describe('handshake', () => {
  it('tells that the machine runs', () => {
    expect(readHandshake(encodeReady(), process)).toBeNull()
  })

  it('carries an error with all that a user sees of it', () => {
    const error = new PosadaError('E_KVM_PERMISSION', 'no', {
      value: '/dev/kvm',
      hint: 'join',
      details: ['a', 'b'],
    })
    const read = readHandshake(encodeFailure(error), process)
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
      expect(readHandshake(line, process)?.code).toBe('E_KVM_START')
    },
  )

  it('makes a start failure of a bug', () => {
    expect(readHandshake(encodeFailure(new TypeError('x is undefined')), process)).toMatchObject({
      code: 'E_KVM_START',
      message: 'x is undefined',
    })
  })
})
