import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { makePlace, type Place } from '../../helpers/posada.ts'
import { writeRecipes } from '../../helpers/recipes.ts'

// Builds a box of a project's own recipe, made from README's, which is made from debian/12 (three to four minutes),
// and boots it (15 s).

let place: MachinesPlace
let store: Place
beforeAll(() => {
  place = machinesPlace('own recipe')
  store = makePlace('store')
  place.env.XDG_DATA_HOME = store.env.XDG_DATA_HOME
})
afterAll(async () => {
  await place.cleanUp()
  store.remove()
})

const readme = join(import.meta.dirname, '..', '..', '..', 'README.md')
const manifest = `version: 1
boxes: {shop/web: ./boxes/web}
box: shop/web
memory: 512MiB
ready:
  - {http: "http://127.0.0.1/"}
  - {tcp: 5432}
`

it("a machine is made of a recipe over README's: packages whose services run, files, scripts, size", async () => {
  writeRecipes(place.dir, readFileSync(readme, 'utf8'))
  const recipe = join(place.dir, 'boxes', 'web')
  mkdirSync(join(recipe, 'files', 'etc'), { recursive: true })
  writeFileSync(join(recipe, 'files', 'etc', 'shop.conf'), 'open = yes\n')
  writeFileSync(join(recipe, 'prepare.sh'), 'echo "$login_user" >"$root/etc/prepared"\n')
  writeFileSync(
    join(recipe, 'recipe.yaml'),
    `name: shop/web
from: ../base
packages: [tree, postgresql]
disk: 3GiB
run:
  - |
    tree --version >/etc/tree-version 2>/dev/null
    adduser --quiet --system shop
  - cp /etc/shop.conf /etc/shop.copy; cat >>/etc/shop.copy
`,
  )
  place.write(manifest)
  await place.fails('E_UNTRUSTED', 'up')
  await place.json('up', '--yes')
  const look = `cat /etc/prepared /etc/shop.copy; dpkg-query -Wf '\${Status}\\n' tree; grep -c ^tree /etc/tree-version
    getent passwd shop | cut -d: -f1; test -c /dev/null && test -d /usr/share/man/man1 && df --output=size -BG / | tail -1 | tr -d " "
    curl --silent --fail http://127.0.0.1/ | grep -o "Welcome to nginx" | head -1
    sudo -u postgres psql --tuples-only --no-align --command "select 'answers'"`
  const { stdout } = await place.run('exec', '--', 'sh', '-c', look)
  expect(stdout).toBe('posada\nopen = yes\ninstall ok installed\n1\nshop\n3G\nWelcome to nginx\nanswers\n')
  const again = await place.run('box', 'build', './boxes/web')
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('was built from the same recipe') })
}, 900_000)
