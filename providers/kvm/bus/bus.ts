import type { Bus, BusDevice, Release } from './device.ts'

interface Claim {
  base: number
  end: number
  device: BusDevice
}

/** A bus that also carries accesses: what a vCPU's exits go to. */
export interface AddressBus extends Bus {
  /** Fills `data` from the device at `address`; with all ones where there is none, as on an idle PC bus. */
  read(address: number, data: Uint8Array): void
  /** Gives `data` to the device at `address`; lost where there is none. */
  write(address: number, data: Uint8Array): void
}

/**
 * An address space of `size` addresses. Where `claimed` is given, it has a byte an address that is 1 while the
 * address is claimed: other threads may look there before they ask. An access that starts inside a claimed range and leaves it is
 * treated as one to nowhere: no device answers part of an access.
 */
export function createBus(size: number, claimed?: Uint8Array): AddressBus {
  /** Ascending, without overlaps. */
  const claims: Claim[] = []
  let last: Claim | undefined

  const find = (address: number, length: number): Claim | undefined => {
    if (!last || address < last.base || address >= last.end) last = search(claims, address)
    return last && address + length <= last.end ? last : undefined
  }

  return {
    claim(base, length, device): Release | null {
      if (!Number.isSafeInteger(base) || !Number.isSafeInteger(length)) return null
      if (base < 0 || length <= 0 || base + length > size) return null
      const claim: Claim = { base, end: base + length, device }
      const after = claims.findIndex((other) => other.base >= base)
      const at = after === -1 ? claims.length : after
      const before = claims[at - 1]
      const next = claims[at]
      if ((before && before.end > base) || (next && next.base < claim.end)) return null
      claims.splice(at, 0, claim)
      claimed?.fill(1, base, base + length)
      return () => {
        const index = claims.indexOf(claim)
        if (index === -1) return
        claims.splice(index, 1)
        claimed?.fill(0, base, base + length)
        if (last === claim) last = undefined
      }
    },
    read(address, data) {
      const claim = find(address, data.length)
      if (claim) claim.device.read(address - claim.base, data)
      else data.fill(0xff)
    },
    write(address, data) {
      const claim = find(address, data.length)
      claim?.device.write(address - claim.base, data)
    },
  }
}

function search(claims: readonly Claim[], address: number): Claim | undefined {
  let low = 0
  let high = claims.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const claim = claims[middle]
    if (!claim) return undefined
    if (address < claim.base) high = middle - 1
    else if (address >= claim.end) low = middle + 1
    else return claim
  }
  return undefined
}
