import { expect } from 'vitest'
import { runPosada } from './posada-job.ts'

export interface LifeOfOne {
  box: string
  cpus: number
  memory: string
  /** Whether a guest agent runs in it: then that alone is asked to shut it down, otherwise `halt` does. */
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
${agent ? stopByAgent : 'posada halt --json'}
posada status
posada destroy --yes
ps | grep '[p]osada-kvm' && exit 1
ls -A /run/posada /tmp/state/posada 2>/dev/null || true`,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(new RegExp(`provisioned\\s+Linux x86_64\\s+${cpus}\\s`))
  expect(output).toContain('web: the guest shut down')
  if (!agent) expect(output).toMatch(/"how": ?"graceful",\s+"via": ?"acpi"/)
}

/** What `halt` says to the agent, and no press of the power button after it. */
const stopByAgent = `cat > /tmp/ask.cjs <<'END'
const agent = require('node:net').connect(process.argv[2])
const say = (order) => agent.write(JSON.stringify(order) + '\\n')
agent.once('data', (answer) => {
  console.log('the agent says ' + answer)
  say({ execute: 'guest-shutdown' })
})
agent.once('close', () => console.log('the agent is gone'))
say({ execute: 'guest-sync', arguments: { id: 7 } })
END
node /tmp/ask.cjs $(find /run/posada -name agent.sock)
while ps | grep '[p]osada-kvm' > /dev/null; do sleep 1; done`
