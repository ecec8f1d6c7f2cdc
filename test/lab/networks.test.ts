import { expect, it } from 'vitest'
import { runPosada } from './posada-job.ts'

const three = `version: 1
name: lab
networks: {back: {subnet: 10.40.0.0/24, seed: 1}}
defaults: {box: posada/tiny, provider: kvm, boot_timeout: 10m, cpus: 1, memory: 256MiB, networks: [back]}
machines:
  left: {}
  right: {}
  far: {box: debian/12, memory: 512MiB}
`

const ping = (from: string, to: string) => `posada exec ${from} -- sh -c 'sudo ping -4 -c 2 -W 10 ${to}'`

// An outer machine, and in it two of posada/tiny and one of debian/12 on one network: some 7 minutes.
it('joins three machines: names, a cut and its end, nothing left', async () => {
  const { output, exitCode } = await runPosada({
    boxes: ['posada/tiny', 'debian/12'],
    manifest: three,
    script: `posada up
${ping('left', 'right')}
${ping('right', 'left.lab.internal')}
${ping('left', 'far')}
${ping('far', 'left')}
${ping('far', 'right.lab.internal')}
posada network conditions left right --cut
if ${ping('left', 'right')}; then echo 'passes a cut link'; exit 1; fi
posada network conditions left right --heal
${ping('left', 'right')} && echo healed
posada network list
posada destroy --yes
ps | grep '[p]osada-' && exit 1
ls -A /run/posada 2>/dev/null || true`,
    timeout: 900_000,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(/\nhealed/)
  expect(output.match(/2 packets transmitted, 2 (packets )?received/g)).toHaveLength(6)
}, 920_000)
