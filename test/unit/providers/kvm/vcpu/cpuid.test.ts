import { describe, expect, it } from 'vitest'
import {
  type CpuidEntry,
  decodeCpuid,
  encodeCpuid,
  guestCpuid,
} from '../../../../../providers/kvm/vcpu/cpuid.ts'

const leaf = (function_: number, values: Partial<CpuidEntry> = {}): CpuidEntry => ({
  ...{ function: function_, index: 0, flags: 0, eax: 0, ebx: 0, ecx: 0, edx: 0 },
  ...values,
})
const host = [
  leaf(0, { eax: 0x1f }),
  leaf(1, { ebx: 0xff_20_0800, ecx: (1 << 5) | 1 }),
  leaf(4, { index: 0, flags: 1, eax: 0xfc004121 }),
  leaf(4, { index: 3, flags: 1, eax: 0xfc1fc163 }),
  leaf(0xa, { eax: 0x07300404 }),
  leaf(0xb, { flags: 1, edx: 9 }),
  leaf(0x1f, { flags: 1, edx: 9 }),
  leaf(0x80000001, { ecx: 0b101 }),
]
const options = { id: 2, cpus: 4, nested: false, tscDeadlineTimer: true }
const find = (entries: CpuidEntry[], function_: number, index = 0) =>
  entries.find((entry) => entry.function === function_ && entry.index === index)

describe('CPUID of a guest', () => {
  it('has this vCPU its APIC id, and a hypervisor and its timer in leaf 1', () => {
    const one = find(guestCpuid(host, options), 1)
    expect(one?.ebx).toBe(0x02040800)
    expect(one?.ecx).toBe((2 ** 31 + 2 ** 24 + 1) >>> 0)
    expect(one?.edx).toBe(1 << 28)
    expect(find(guestCpuid(host, { ...options, cpus: 1, tscDeadlineTimer: false }), 1)).toMatchObject({
      ecx: (2 ** 31 + 1) >>> 0,
      edx: 0,
    })
  })

  it('shows virtualisation only where it is wanted', () => {
    const nested = guestCpuid(host, { ...options, nested: true })
    expect((find(nested, 1)?.ecx ?? 0) & (1 << 5)).not.toBe(0)
    expect(find(nested, 0x80000001)?.ecx).toBe(0b101)
    expect(find(guestCpuid(host, options), 0x80000001)?.ecx).toBe(0b001)
  })

  it('has one package of single-thread cores that share the third cache', () => {
    const entries = guestCpuid(host, options)
    expect(find(entries, 4, 0)?.eax).toBe(0x0c000121)
    expect(find(entries, 4, 3)?.eax).toBe(0x0c00c163)
    expect(entries.filter((entry) => entry.function === 0x1f)).toEqual([])
    expect(
      entries.filter((entry) => entry.function === 0xb).map(({ eax, ebx, ecx, edx }) => [eax, ebx, ecx, edx]),
    ).toEqual([
      [0, 1, 0x100, 2],
      [2, 4, 0x201, 2],
      [0, 0, 2, 2],
    ])
  })

  it('survives its encoding', () => {
    const entries = guestCpuid(host, options)
    expect(decodeCpuid(encodeCpuid(entries))).toEqual(entries)
  })
})
