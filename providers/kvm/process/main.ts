import { closeSync, openSync, readFileSync } from 'node:fs'
import { encodeFailure, encodeReady } from '../../../src/background/handshake.ts'
import { logLine as log, tellStarter } from '../../../src/background/starter.ts'
import { fromSystemError } from '../../../src/errors/index.ts'
import { startVcpuThreads } from '../vcpu/thread.ts'
import { entryPoint } from './entry-points.ts'
import type { VmmConfig } from './launch.ts'
import { processTitle } from './title.ts'

/** The process of one machine: its configuration on standard input, one line of JSON on standard output. */

const say = (line: string) => tellStarter(line, log)

/** Its pipes give way to /dev/null: the lowest free descriptor is the one that was just closed (open(2)). */
function letGoOfStarter(): void {
  for (const descriptor of [0, 1]) {
    closeSync(descriptor)
    openSync('/dev/null', 'r+')
  }
}

/** A vCPU inside KVM_RUN would hold process.exit() up for ever; no state is worth saving after a bug. */
process.on('uncaughtException', (error) => {
  log(`bug: ${error.stack ?? error.message}`)
  process.kill(process.pid, 'SIGKILL')
})

process.umask(0o077)
void main(
  new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => resolve(`the hypervisor was told to end by ${signal}`))
    }
  }),
)

async function main(cut: Promise<string>): Promise<void> {
  const config = JSON.parse(readFileSync(0, 'utf8')) as VmmConfig
  process.title = processTitle(config.spec)
  const threads = startVcpuThreads(config.spec.cpus, entryPoint('kvm-vcpu', config.entries))
  let ready = false
  try {
    // Loaded while the threads start.
    const { supervise } = await import('./supervise.ts')
    await supervise({
      ...config,
      threads,
      log,
      cut,
      onReady: () => {
        ready = true
        say(encodeReady())
        letGoOfStarter()
      },
    })
    process.exit(0)
  } catch (error) {
    const failure = fromSystemError(error)
    log(`failed: ${failure instanceof Error ? (failure.stack ?? failure.message) : failure}`)
    if (!ready) say(encodeFailure(failure))
    // Threads of vCPUs may be left over: see above.
    process.kill(process.pid, 'SIGKILL')
  }
}
