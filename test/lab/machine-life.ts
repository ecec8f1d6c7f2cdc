import { expect } from 'vitest'
import { nothingLeft, runPosada } from './posada-job.ts'

export interface LifeOfOne {
  box: string
  cpus: number
  memory: string
  /** Whether a guest agent runs in it: then that is what shuts it down. */
  agent: boolean
}

/** Brings one machine up to SSH by the built command line, provisions it, shuts it down and takes it away. */
export async function liveThrough({ box, cpus, memory, agent }: LifeOfOne): Promise<void> {
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
${agent ? "posada exec -- sh -c 'until systemctl -q is-active qemu-guest-agent; do sleep 1; done; sleep 3'" : ''}
posada halt --json
posada status
posada destroy --yes
${nothingLeft}`,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(new RegExp(`provisioned\\s+Linux x86_64\\s+${cpus}\\s`))
  expect(output).toContain('web: the guest shut down')
  const via = agent ? 'agent' : 'acpi'
  expect(output).toMatch(new RegExp(`"how": ?"graceful",\\s+"via": ?"${via}"`))
}
