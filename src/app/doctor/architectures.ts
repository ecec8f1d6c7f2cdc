import { runsPrograms } from '../../box/index.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import { archs, debianNames, emulatorOf, hostArch } from '../../lib/values/arch.ts'
import type { Check } from './model.ts'

/** What machines of other architectures take, by packages. Few have them, so nothing is wrong where it is not there. */
export function checkArchitectures(): Check {
  const others = archs.filter((arch) => arch !== hostArch())
  const told = others.map((arch) => {
    const runs = findProgram(emulatorOf(arch)) !== null
    const machines = runs ? 'QEMU emulates its machines' : `machines need ${debianNames[arch].emulator}`
    const builds = runsPrograms(arch) ? 'boxes can be built' : 'building boxes needs qemu-user-static'
    return `${arch}: ${machines}, ${builds}`
  })
  return { name: 'architectures', status: 'ok', message: `other architectures: ${told.join('; ')}` }
}
