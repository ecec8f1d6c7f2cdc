import { softOffType } from '../acpi/dsdt.ts'
import { resetValue } from '../acpi/fadt.ts'
import type { BusDevice } from '../bus/device.ts'

/** What a guest may ask of its machine. */
export type PowerRequest = 'reset' | 'off'

/** Bit that makes a sleep type count, and where the type is (ACPI 6.4, §4.8.3.7, sleep control register). */
const SLP_EN = 0x20
const SLP_TYP_SHIFT = 2

/** The port that the FADT names for reset, sleep control and, one further, sleep status. */
export function createPowerPort(onRequest: (request: PowerRequest) => void): BusDevice {
  return {
    read: (_offset, data) => data.fill(0),
    write(offset, data) {
      const value = offset === 0 ? data[0] : undefined
      if (value === resetValue) onRequest('reset')
      if (value === (SLP_EN | (softOffType << SLP_TYP_SHIFT))) onRequest('off')
    },
  }
}
