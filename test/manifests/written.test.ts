import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../helpers/machines.ts'
import { makePlace } from '../helpers/posada.ts'
import { manifestsEnv, writeProject, writtenManifests } from '../helpers/written-manifests.ts'

// Brings up every manifest that somebody may copy, with QEMU: one to five minutes each, what it installs included.
// Own recipes are built into a store of the test's.

/** What is on a server that does not exist, or has to be added by hand first. */
const elsewhere = /example\.com|^box: cloud\//m
const manifests = writtenManifests()

test('those that cannot be brought up here are known', () => {
  const names = manifests.filter(({ text }) => elsewhere.test(text)).map(({ name }) => name)
  expect(names).toEqual([
    'docs/boxes.md 1',
    'docs/boxes.md 2',
    'docs/boxes.md 3',
    'docs/cloud-images.md 1',
    'docs/manifest.md 2',
  ])
})

test.each(manifests.filter(({ text }) => !elsewhere.test(text)))('$name', async (manifest) => {
  const place = machinesPlace('written')
  Object.assign(place.env, manifestsEnv, { POSADA_TRUST: '1' })
  if (/^boxes:/m.test(manifest.text)) {
    const store = makePlace('store')
    onTestFinished(() => store.remove())
    place.env.XDG_DATA_HOME = store.env.XDG_DATA_HOME
  }
  onTestFinished(() => place.cleanUp())
  writeProject(place.dir, manifest)
  await place.json('up')
  const { machines } = await place.json<{ machines: Up[] }>('status')
  expect(machines.map(({ state }) => state)).toEqual(machines.map(() => 'running'))
  for (const { name, ports = [] } of machines) {
    const nginx = (await place.run('exec', name, '--', 'sh', '-c', 'command -v nginx')).code === 0
    for (const { hostPort, guestPort } of ports)
      if (nginx && guestPort === 80) {
        const answer = await fetch(`http://127.0.0.1:${hostPort}/`)
        expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/It works|nginx/)])
      }
  }
  const server = manifest.files['server.js']
  if (server !== undefined) await reloads(place, server)
})

/** The README's server in the guest answers with what is saved on the host. */
async function reloads(place: MachinesPlace, server: string): Promise<void> {
  const serving = place.start('exec', '--', 'node', '--watch', '/srv/app/server.js')
  onTestFinished(() => void serving.kill())
  for (const text of ['Hello', 'Hello again']) {
    writeFileSync(join(place.dir, 'server.js'), server.replace('Hello', text))
    const answer = () =>
      fetch('http://127.0.0.1:8080/').then(
        (response) => response.text(),
        (error: unknown) => String(error),
      )
    for (let tries = 0; (await answer()) !== `<h1>${text}</h1>`; tries++) {
      if (tries > 400) throw new Error(`not ${text}: ${await answer()}`)
      await sleep(300)
    }
  }
}

interface Up {
  name: string
  state: string
  ports?: { hostPort: number; guestPort: number }[]
}
