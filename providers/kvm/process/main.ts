import { readFileSync } from 'node:fs'
import { logLine as log } from '../../../src/background/index.ts'
import { startVcpuThreads } from '../vcpu/thread.ts'
import { entryPoint } from './entry-points.ts'
import type { VmmConfig } from './launch.ts'
import { processTitle } from './title.ts'

/**
 * The process of one machine: its configuration on standard input, one line of JSON on standard output. The threads of
 * its vCPUs are started first of all, and everything else is loaded meanwhile.
 */

/** Milliseconds after the guest's start until compiled code is kept. */
const keepAfter = 2000

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
  const { loadProgram } = await import('../../../src/lib/process/load-program.ts')
  const program = loadProgram<typeof import('./run-machine.ts')>(
    entryPoint('kvm-machine', config.entries),
    config.cacheDir,
  )
  const keep = () => program.keep().catch((error) => log(`compiled code is not kept: ${error}`))
  const onReady = () => setTimeout(keep, keepAfter).unref()
  await program.exports.runMachine({ ...config, threads, log, cut, onReady })
}
