import { closeSync, readFileSync, writeFileSync } from 'node:fs'
import { logLine as log } from '../../../src/background/index.ts'
import type { LoadedProgram } from '../../../src/lib/process/load-program.ts'
import { startVcpuThreads } from '../vcpu/thread.ts'
import { entryPoint } from './entry-points.ts'
import { processTitle } from './title.ts'
import type { VmmConfig } from './vmm-config.ts'

/**
 * The process of one machine: its configuration on standard input, one line of JSON on standard output. The threads of
 * its vCPUs are started first of all, and everything else is loaded meanwhile.
 */

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
  await program.exports.runMachine({
    ...config,
    threads,
    log,
    cut,
    beforeGuest: () => keepCode(config, program),
  })
}

/** What was compiled so far, which is all that a start needs; afterwards this process is no longer to be trusted with it. */
function keepCode({ code }: VmmConfig, program: LoadedProgram<unknown>): void {
  if (code === null) return
  try {
    if (!program.compiled) writeFileSync(code, program.code())
  } catch (error) {
    log(`compiled code is not kept: ${error}`)
  }
  closeSync(code)
}
