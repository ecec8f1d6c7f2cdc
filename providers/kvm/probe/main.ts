import { writeSync } from 'node:fs'
import { encodeFailure, encodeReady } from '../../../src/background/index.ts'
import { PosadaError } from '../../../src/errors/index.ts'
import { openKvm } from '../vm/open-kvm.ts'
import { runProbeGuest } from './probe-guest.ts'

/** A process that runs the probe guest and says on standard output what came of it, as a machine's does. */
try {
  const wrong = runProbeGuest(openKvm())
  if (wrong !== null) throw new PosadaError('E_KVM_UNUSABLE', wrong)
  writeSync(1, encodeReady())
} catch (error) {
  writeSync(1, encodeFailure(error))
}
