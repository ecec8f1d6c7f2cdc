import { expect, it } from 'vitest'
import { runPosada } from '../posada-job.ts'

const manifest = `version: 1
name: lab
machines:
  web:
    box: posada/tiny
    provider: kvm
    boot_timeout: 10m
    cpus: 1
    memory: 256MiB
    provision:
      - name: first
        shell: echo provisioned > /tmp/first
`

// An outer machine, and in it one of posada/tiny: some 2.5 minutes.
it('brings posada/tiny up to SSH, provisions it, shuts it down and takes it away', async () => {
  const { output, exitCode } = await runPosada({
    boxes: ['posada/tiny'],
    manifest,
    script: `posada doctor || true
posada up
posada status
posada exec -- sh -c 'cat /tmp/first; uname -sm; nproc'
posada halt
posada status
posada destroy --yes
ps | grep '[p]osada-kvm' && exit 1
ls -A /run/posada /tmp/state/posada 2>/dev/null || true`,
    timeout: 500_000,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(/provisioned\s+Linux x86_64\s+1\s/)
}, 520_000)
