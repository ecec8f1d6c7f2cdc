import { closeSync, openSync } from 'node:fs'
import { encodeFailure, encodeReady, tellStarter } from '../../../src/background/index.ts'
import { fromSystemError } from '../../../src/errors/index.ts'
import { providerLogLimit } from '../files.ts'
import { rotatedLog } from './machine-log.ts'
import { type SuperviseOptions, supervise } from './supervise.ts'

/** Runs a machine to its end, and this process with it: says on standard output how the start went, and ends it. */
export async function runMachine(options: Omit<SuperviseOptions, 'onReady'>): Promise<void> {
  const log = rotatedLog(options.spec.files.providerLog, providerLogLimit, options.log)
  let ready = false
  try {
    await supervise({
      ...options,
      log,
      onReady() {
        ready = true
        tellStarter(encodeReady(), log)
        letGoOfStarter()
      },
    })
    process.exit(0)
  } catch (error) {
    const failure = fromSystemError(error)
    log(`failed: ${failure instanceof Error ? (failure.stack ?? failure.message) : failure}`)
    if (!ready) tellStarter(encodeFailure(failure), log)
    // Threads of vCPUs may be left over, which would hold process.exit() up.
    process.kill(process.pid, 'SIGKILL')
  }
}

/** Its pipes give way to /dev/null: the lowest free descriptor is the one that was just closed (open(2)). */
function letGoOfStarter(): void {
  for (const descriptor of [0, 1]) {
    closeSync(descriptor)
    openSync('/dev/null', 'r+')
  }
}
