import { expect } from 'vitest'
import { runPosada } from './posada-job.ts'

export interface LifeOfOne {
  box: string
  cpus: number
  memory: string
  /** By what its `halt` gets it to shut down. */
  stopsBy: 'agent' | 'acpi'
}

/** Brings one machine up to SSH by the built command line, provisions it, shuts it down and takes it away. */
export async function liveThrough({ box, cpus, memory, stopsBy }: LifeOfOne): Promise<void> {
  const manifest = `version: 1
name: lab
machines:
  web:
    box: ${box}
    provider: kvm
    boot_timeout: 10m
    cpus: ${cpus}
    memory: ${memory}
    provision:
      - name: first
        shell: echo provisioned > /tmp/first
`
  const { output, exitCode } = await runPosada({
    ...{ boxes: [box], manifest, timeout: 500_000 },
    script: `posada doctor || true
posada up
posada status
posada exec -- sh -c 'cat /tmp/first; uname -sm; nproc'
posada halt --json
posada status
posada destroy --yes
ps | grep '[p]osada-kvm' && exit 1
ls -A /run/posada /tmp/state/posada 2>/dev/null || true`,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(new RegExp(`provisioned\\s+Linux x86_64\\s+${cpus}\\s`))
  expect(output).toMatch(/"how": ?"graceful"/)
  expect(output).toMatch(new RegExp(`"via": ?"${stopsBy}"`))
}
