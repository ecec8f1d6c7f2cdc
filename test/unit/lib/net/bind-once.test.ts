import { describe, expect, it } from 'vitest'
import { bindOnce } from '../../../../src/lib/net/bind-once.ts'

describe.each(['tcp', 'udp'] as const)('bindOnce over %s', (protocol) => {
  it('finds a free port and leaves it free', async () => {
    const port = await bindOnce(protocol, '127.0.0.1', 0)
    expect(await bindOnce(protocol, '127.0.0.1', port)).toBe(port)
  })

  it('rejects with the reason', async () => {
    await expect(bindOnce(protocol, '192.0.2.1', 0)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })
})
