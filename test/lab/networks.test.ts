import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { carryProgram } from '../helpers/carried-program.ts'
import { nothingLeft, runPosada } from './posada-job.ts'

const addressOf = { left: '10.40.0.10', right: '10.40.0.20', far: '10.40.0.30' }
const machines = Object.keys(addressOf) as (keyof typeof addressOf)[]

const three = `version: 1
name: lab
networks: {back: {subnet: 10.40.0.0/24, seed: 1}}
defaults: {box: posada/tiny, provider: kvm, boot_timeout: 10m, cpus: 1, memory: 256MiB}
machines:
  left: {networks: [{name: back, address: ${addressOf.left}}]}
  right: {networks: [{name: back, address: ${addressOf.right}}]}
  far: {box: debian/12, memory: 512MiB, networks: [{name: back, address: ${addressOf.far}}]}
`

/** The names by which a machine finds the others, with their addresses. */
const others = (self: string) =>
  machines
    .filter((name) => name !== self)
    .flatMap((name) => [name, `${name}.lab.internal`].map((to) => [to, addressOf[name]] as const))

/** Says `SELF finds NAME ADDRESS reached` of each. */
const findOthers = (self: string) => {
  const names = others(self).map(([name]) => name)
  const ping = 'sudo ping -4 -c 1 -W 20 $n'
  const said = 's/^PING [^ ]* (\\([0-9.]*\\)).*/\\1/p; s/^1 packets.* 0%.*/reached/p'
  return `posada exec ${self} -- sh -c 'for n in ${names.join(' ')}; do echo ${self} finds $n $(${ping} | sed -n "${said}"); done'`
}

/** What the client of iperf3 says of its last second is to fit; bash. */
const untilSays = `until_says() {
  for _ in $(seq 240); do tail -n 1 /tmp/client.log | grep -Eq "$1" && return; sleep 1; done
  cat /tmp/client.log; echo "iperf3 does not say $1"; return 1
}
flowing='sec +([1-9]|0[.][0-9]*[1-9])'
stopped='sec +0[.]00 Bytes'`

/** An address that is asked for while frames are lost would count as a loss of pings: it is kept for good. */
const keepAddress = (from: string, to: string) =>
  `posada exec ${from} -- sh -c 'sudo arp -s ${to} $(grep "^${to} " /proc/net/arp | tr -s " " | cut -d " " -f 4)'`

const pings = (count: number) =>
  `posada exec left -- sh -c 'sudo ping -4 -q -c ${count} -i 0.01 -W 5 ${addressOf.right} || true'`

/** Of so many pings: the part that was lost, and the milliseconds of the quickest. */
function pingsIn(output: string, count: number): { loss: number; quickest: number } {
  const summary = new RegExp(`${count} packets transmitted, (\\d+) [\\s\\S]*?min/avg/max = ([\\d.]+)`)
  const [, received, quickest] = summary.exec(output) ?? []
  return { loss: 1 - Number(received) / count, quickest: Number(quickest) }
}

// An outer machine, and in it two of posada/tiny and one of debian/12 on one network: some 8 minutes, 11 on a busy host.
it('joins three machines: names, traffic, a cut and its end, conditions as declared, nothing left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posada-lab-iperf3-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await carryProgram('iperf3', folder)
  const { output, exitCode } = await runPosada({
    boxes: ['posada/tiny', 'debian/12'],
    manifest: three,
    files: { iperf3: folder },
    script: `posada up
${machines.map(findOthers).join('\n')}
${untilSays}
posada copy /job/iperf3 left:/tmp/
posada copy /job/iperf3 right:/tmp/
posada exec right -- /tmp/iperf3/iperf3 -s -1 -D
node /job/project/bin/posada.js exec left -- /tmp/iperf3/iperf3 -c right -t 600 -i 1 --forceflush > /tmp/client.log 2>&1 &
client=$!
until_says "$flowing"
posada network conditions left right --cut
until_says "$stopped"; echo none flow
posada network conditions left right --heal
until_says "$flowing"; echo they flow again
kill -INT $client; wait $client || true
${keepAddress('left', addressOf.right)}
${keepAddress('right', addressOf.left)}
${pings(50)}
posada network conditions left right --latency 300ms --loss 50%
${pings(800)}
posada network list
posada destroy --yes
${nothingLeft}`,
    timeout: 1_200_000,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  for (const self of machines)
    for (const [name, address] of others(self))
      expect(output).toContain(`${self} finds ${name} ${address} reached`)
  expect(output).toMatch(/none flow[\s\S]*they flow again/)

  const before = pingsIn(output, 50)
  const during = pingsIn(output, 800)
  expect(before.loss).toBe(0)
  // Each counts in both directions. To the quickest a busy host adds nothing.
  expect(Math.abs(during.loss / 0.75 - 1)).toBeLessThan(0.1)
  expect(Math.abs((during.quickest - before.quickest) / 600 - 1)).toBeLessThan(0.1)
}, 1_220_000)
