import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { makePlace, type Place } from '../../helpers/posada.ts'

// Builds a box of a project's own recipe, made from debian/12 (two minutes), and boots it (15 s).

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

it('a machine is made of a recipe in the project: packages, files, scripts, size', async () => {
  const recipe = join(place.dir, 'boxes', 'base')
  mkdirSync(join(recipe, 'files', 'etc'), { recursive: true })
  writeFileSync(join(recipe, 'files', 'etc', 'shop.conf'), 'open = yes\n')
  writeFileSync(join(recipe, 'prepare.sh'), 'echo "$login_user" >"$root/etc/prepared"\n')
  writeFileSync(
    join(recipe, 'recipe.yaml'),
    `name: shop/base
from: debian/12
packages: [tree]
disk: 3GiB
run:
  - |
    tree --version >/etc/tree-version 2>/dev/null
    adduser --quiet --system shop
  - cp /etc/shop.conf /etc/shop.copy; cat >>/etc/shop.copy
`,
  )
  place.write('version: 1\nboxes: {shop/base: ./boxes/base}\nbox: shop/base\nmemory: 512MiB\n')
  await place.json('up')
  const look = `cat /etc/prepared /etc/shop.copy; dpkg-query -Wf '\${Status}\\n' tree; grep -c ^tree /etc/tree-version
    getent passwd shop | cut -d: -f1; test -c /dev/null && df --output=size -BG / | tail -1 | tr -d " "`
  const { stdout } = await place.run('exec', '--', 'sh', '-c', look)
  expect(stdout).toBe('posada\nopen = yes\ninstall ok installed\n1\nshop\n3G\n')
  const again = await place.run('box', 'build', './boxes/base')
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('was built from the same recipe') })
}, 600_000)
