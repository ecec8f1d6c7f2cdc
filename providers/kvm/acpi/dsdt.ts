import {
  generationGsi,
  generationId,
  pciConfigPorts,
  pciMemory,
  pciPorts,
  powerButtonGsi,
  serialPort,
} from '../memory/layout.ts'
import { type Aml, device, eisaId, integer, method, name, notify, packageOf, scope, text } from './aml.ts'
import { busRange, interrupt, memoryRange, portRange, ports, resourceTemplate } from './resources.ts'
import { buildTable } from './table.ts'

/** The sleep type of S5, soft off, that the guest writes to the sleep control register. */
export const softOffType = 5

/** The devices that a guest cannot find by looking. */
export function buildDsdt(): Uint8Array {
  // The power button was pressed; the generation id is another.
  const events = [eventDevice(0, powerButtonGsi, '\\_SB.PWRB'), eventDevice(1, generationGsi, '\\_SB.VGEN')]
  const body = [
    ...scope('\\_SB', pciHost(), serial(), powerButton(), generation(), ...events),
    ...name('\\_S5', packageOf(integer(softOffType), integer(0), integer(0), integer(0))),
  ]
  return buildTable('DSDT', 2, Uint8Array.from(body))
}

/** The root of the PCI bus: configuration through ports 0xcf8 to 0xcff, interrupts by messages only. */
function pciHost(): Aml {
  return device(
    'PCI0',
    name('_HID', eisaId('PNP0A03')),
    name('_UID', integer(0)),
    name('_BBN', integer(0)),
    name('_SEG', integer(0)),
    name(
      '_CRS',
      resourceTemplate(
        busRange(0, 0),
        ports(pciConfigPorts.base, pciConfigPorts.size),
        portRange(pciPorts.base, pciPorts.size),
        memoryRange(pciMemory.base, pciMemory.size),
      ),
    ),
  )
}

function serial(): Aml {
  const resources = resourceTemplate(ports(serialPort.base, serialPort.size), interrupt(serialPort.gsi))
  return device('COM1', name('_HID', eisaId('PNP0501')), name('_UID', integer(0)), name('_CRS', resources))
}

function powerButton(): Aml {
  return device('PWRB', name('_HID', eisaId('PNP0C0C')), name('_UID', integer(0)))
}

/** Where the generation id lies, by the halves of its address (Microsoft, Virtual Machine Generation ID). */
function generation(): Aml {
  const kind = text('VM_Gen_Counter')
  return device(
    'VGEN',
    name('_HID', text('PSDA0001')),
    name('_CID', kind),
    name('_DDN', kind),
    name('ADDR', packageOf(integer(generationId), integer(0))),
  )
}

/** Generic event device (ACPI 6.4, §5.6.9) with one interrupt, and what it means: a device has something to say. */
function eventDevice(number: number, gsi: number, about: string): Aml {
  return device(
    `GED${number}`,
    name('_HID', text('ACPI0013')),
    name('_UID', integer(number)),
    name('_CRS', resourceTemplate(interrupt(gsi))),
    method('_EVT', 1, notify(about, 0x80)),
  )
}
