import { expect, it } from 'vitest'
import { load, loadError, render } from '../../helpers/manifest.ts'

const manifest = (written: string) => `version: 1\nbox: debian/12\n${written}`
const other = (written: string) => manifest(`guest: other\n${written}`)

it('is Linux unless it is written otherwise', async () => {
  const bsd = 'bsd: {guest: other, ready: [{console: "login:"}]}'
  const { machines } = await load(`version: 1\ndefaults: {box: debian/12}\nmachines: {web: {}, ${bsd}}`)
  expect(machines.map(({ guest }) => guest)).toEqual(['linux', 'other'])
  expect(machines[1]?.ready).toMatchObject([{ kind: 'console', text: 'login:', timeout: 120_000 }])
})

it('may be anything where nothing takes a login', async () => {
  const hooks = 'hooks: {before: {halt: "true"}}'
  const [machine] = (await load(other(`provision: []\nports: ["8080:80"]\n${hooks}`))).machines
  expect(machine).toMatchObject({ guest: 'other', provision: [], ports: [{ guestPort: 80 }] })
})

it.each([
  ['provision: [{shell: "true"}]', "'provision' takes a guest that Posada logs in to"],
  ['sync: [{from: ., to: /srv}]', "'sync' takes"],
  ['cloud_init: {packages: [nginx]}', "'cloud_init' takes"],
  ['ports: [auto]', "'ports: auto' takes"],
  ['ready: [{tcp: 80}]', "a probe by 'tcp' takes"],
  ['ready: [{console: up}, {shell: "true"}]', "a probe by 'shell' takes"],
  ['hooks: {after: {up: [{run: "true", in: guest}]}}', "a hook 'in: guest' takes"],
])('%s is refused where it is not logged in to', async (written, message) => {
  const shown = render(await loadError(other(written)))
  expect(shown).toContain(message)
  expect(shown).toContain('posada.yaml:4:')
})

it.each([
  ['guest: windows', 'linux or other'],
  ['ready: [{console: ""}]', 'a text of one line'],
  ['ready: [{console: "a", tcp: 1}]', 'console'],
])('%s is refused', async (written, hint) => {
  expect(render(await loadError(manifest(written)))).toContain(hint)
})
