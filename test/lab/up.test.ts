import { expect, it } from 'vitest'
import { liveThrough } from './machine-life.ts'
import { nothingLeft, runPosada } from './posada-job.ts'

// An outer machine, and in it one of each box: some 4 minutes.
it.each(['debian/13', 'debian/12'])(
  'brings %s up to SSH, provisions it, shuts it down through its agent and takes it away',
  async (box) => {
    await liveThrough({ box, cpus: 2, memory: '1GiB', agent: true })
  },
  520_000,
)

const pair = `version: 1
name: lab
machines:
  left: {box: posada/tiny, provider: kvm, boot_timeout: 10m, cpus: 1, memory: 256MiB}
  right: {box: posada/tiny, provider: kvm, boot_timeout: 10m, cpus: 1, memory: 256MiB}
`

// An outer machine, and in it two of posada/tiny: some 4 minutes.
it('runs two machines side by side, each with a life of its own', async () => {
  const { output, exitCode } = await runPosada({
    boxes: ['posada/tiny'],
    manifest: pair,
    script: `posada up
posada status
posada exec left -- sh -c 'hostname; echo of-left > /tmp/own; sync'
posada exec right -- sh -c 'hostname; test ! -e /tmp/own && echo nothing-of-left'
posada halt left
posada exec right -- sh -c 'echo right-goes-on'
posada status
posada destroy --yes
${nothingLeft}`,
    timeout: 500_000,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(/\nleft\s[\s\S]*\nright\s+nothing-of-left[\s\S]*\nright-goes-on/)
}, 520_000)

const folders = `version: 1
name: lab
machines:
  web:
    box: posada/tiny
    provider: kvm
    boot_timeout: 10m
    memory: 256MiB
    sync:
      - {from: ./app, to: /srv/app}
      - {from: ./seed, to: /srv/seed, type: once}
    provision:
      - {name: first, shell: cat /srv/app/page /srv/seed/data > /tmp/first}
`

// An outer machine, and in it one of posada/tiny: some 3 minutes.
it('mirrors one folder of the host and copies another, before the first step', async () => {
  const { output, exitCode } = await runPosada({
    boxes: ['posada/tiny'],
    manifest: folders,
    script: `mkdir app seed
echo provisioned > app/page
echo with-a-seed > seed/data
posada up
posada exec -- sh -c 'cat /tmp/first; echo of-the-guest > /srv/app/answer; rm /srv/app/page'
echo of-the-host > app/news
posada sync
echo "app has $(ls app | xargs): $(cat app/answer)"
posada exec -- sh -c 'echo "guest has $(ls /srv/app | xargs): $(cat /srv/app/news)"'
posada destroy --yes
${nothingLeft}`,
    timeout: 500_000,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(/provisioned\s+with-a-seed\s/)
  expect(output).toMatch(/^app has answer news: of-the-guest\s/m)
  expect(output).toMatch(/^guest has answer news: of-the-host\s/m)
}, 520_000)
