import { expect, it } from 'vitest'
import { passtArguments, startPasst } from '../../../../../providers/kvm/net/passt.ts'

it('forwards are passt’s port specifiers, and a protocol without any is closed', () => {
  const forward = { hostAddress: '127.0.0.1', hostPort: 2222, guestPort: 22 }
  const line = passtArguments([{ protocol: 'tcp', ...forward }]).join(' ')
  expect(line).toContain('--tcp-ports 127.0.0.1/2222:22')
  expect(line).toContain('--udp-ports none')
  expect(passtArguments([]).join(' ')).toContain('--tcp-ports none --udp-ports none')
})

it('without passt the error says how to get it', async () => {
  const path = process.env.PATH
  process.env.PATH = '/nonexistent'
  try {
    const started = startPasst({ forwards: [], machine: 'web' }, 2)
    await expect(started).rejects.toMatchObject({ code: 'E_PASST_MISSING', machine: 'web' })
  } finally {
    process.env.PATH = path
  }
})
