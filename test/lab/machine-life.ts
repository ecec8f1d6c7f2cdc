import { expect } from 'vitest'
import { nothingLeft, runPosada } from './posada-job.ts'

export interface LifeOfOne {
  box: string
  cpus: number
  memory: string
  /** Whether a guest agent runs in it: then that is what shuts it down. */
  agent: boolean
}

/** How often a process of the guest that never ends has been at it. */
const count = `posada exec -- sh -c 'kill -0 $(cat /tmp/pid) && echo counted $(wc -l < /tmp/ticks)'`

/**
 * Brings one machine up to SSH by the built command line, provisions it, saves its memory and lets it go on from there, shuts
 * it down and takes it away.
 */
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
posada exec -- sh -c '(setsid sh -c "while :; do echo >> /tmp/ticks; sleep 0.2; done" > /dev/null 2>&1 & echo $! > /tmp/pid); sleep 2'
${count}
posada suspend --json
posada status
ls -ls .posada/machines/web/memory
posada resume --json
${count}
sleep 3
${count}
posada exec -- sh -c 'sync; dd if=/dev/vda of=/dev/null bs=1M count=8 2>&1 | tail -1'
${agent ? "posada exec -- sh -c 'until systemctl -q is-active qemu-guest-agent; do sleep 1; done; sleep 3'" : ''}
posada halt --json
posada status
posada destroy --yes
${nothingLeft}`,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(new RegExp(`provisioned\\s+Linux x86_64\\s+${cpus}\\s`))
  const counted = [...output.matchAll(/^counted (\d+)/gm)].map((found) => Number(found[1]))
  expect(counted).toHaveLength(3)
  expect(counted).toEqual(counted.toSorted((a, b) => a - b))
  expect(counted[2]).toBeGreaterThan(counted[1] ?? 0)
  expect(output).toContain('web: the guest shut down')
  const via = agent ? 'agent' : 'acpi'
  expect(output).toMatch(new RegExp(`"how": ?"graceful",\\s+"via": ?"${via}"`))
}
