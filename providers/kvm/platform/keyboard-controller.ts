import type { BusDevice } from '../bus/device.ts'
import type { PowerRequest } from './power-port.ts'

/** Command of an i8042 that pulses the processor's reset line (IBM PC/AT Technical Reference, 1-45). */
const pulseReset = 0xfe

/**
 * The command port of a keyboard controller, of which only the reset is there: what a kernel tries when
 * ACPI did not restart the machine. Its status says that it is ready for a command.
 */
export function createKeyboardController(onRequest: (request: PowerRequest) => void): BusDevice {
  return {
    read: (_offset, data) => data.fill(0),
    write(_offset, data) {
      if (data[0] === pulseReset) onRequest('reset')
    },
  }
}
