import { describe, expect, test } from 'vitest'
import { loadError, render } from '../../helpers/manifest.ts'

/** Each is a manifest that goes wrong in several ways; the snapshot is what its author is shown. */
const cases: Record<string, string | Record<string, string>> = {
  'a bit of everything': `version: 2
name: My Shop
networks:
  backend: {}
defaults:
  memory: 1024
  cpuss: 2
  env: {A: "\${NOPE}", 9B: x}
machines:
  db:
    box: debian:12
    memroy: 1GiB
    depends_on: [web, wbe]
    disk: 10G
    ports: ["8080:80", 80, {guest: 80}, "8080:81"]
    provision:
      - {name: a, shell: x}
      - {name: a, file: {from: ~/x, to: etc/x, mode: 0644}, args: [x]}
      - {name: b}
      - ansible: {playbook: x}
  web:
    depends_on: [db]
    boot_timeout: 3min
    nested: yes
    arch: amd64
    env: [a]
    ports: 8080:80
  Web 2: 7
`,
  'an override that is wrong too': {
    'posada.yaml': 'version: 1\nmachines:\n  web: {box: debian/12}\n  db: {}\n',
    'posada.override.yaml': 'machines:\n  wbe: null\n  web: {cpus: "2", memory: null}\nbox: debian/12\n',
  },
  'keys of other kinds': `version: 1
boxes: {mine: {}}
machines:
  a:
    box: debian/12
    hooks: {after: {up: x}}
    cloud_init: x
`,
  disks: `version: 1
box: debian/12
sync: [{from: ., to: /srv/app}]
provision: [{shell: make, cache: true}]
disks:
  - {name: root, size: 1GiB}
  - {name: disk-2, size: 1GiB}
  - {name: Data, size: 100TiB}
  - {name: a-name-of-more-than-twenty, size: 5}
  - {name: data, size: 1GiB, mount: /srv/app}
  - {name: data, size: 100MiB, mount: /srv/data, filesystem: xfs}
  - {name: pages, size: 1GiB, mount: /srv/pages, filesystem: swap, format: 'no'}
  - {name: other, mount: srv, filesystem: ext3, keep: maybe, type: raw}
`,
  'folders of the host': `version: 1
defaults: {box: debian/12}
machines:
  a:
    sync:
      - {from: ., to: /srv/app}
      - {from: ./x, to: /srv/app/}
      - {from: ./y, to: /srv//app/./y, type: once}
      - {from: ./z, to: /srv}
  b:
    sync:
      - {from: ., to: /}
      - {from: ., to: //}
      - {from: ., to: /srv/../etc}
      - {from: ., to: app}
      - {from: ., to: ~/app}
      - {from: ., to: /proc/self}
      - {from: ~/app, to: /srv/a}
      - {from: ., to: /srv/b, type: virtiofs}
      - {from: ., to: /srv/m, type: mount, exclude: [a], merge: false, read_only: true}
      - {from: ., to: /srv/o, type: once, read_only: true}
      - {from: ., to: /srv/c, type: rsync}
      - {from: ., to: /srv/d, exclude: node_modules}
      - {from: ., to: /srv/e, exclude: [""], ignore: [x]}
      - ./app:/srv/f
      - {to: /srv/g}
  c: {sync: ./app}
`,
  networks: `version: 1
networks:
  back: {subnet: 10.40.0.0/24, guard: no}
  again: {subnet: 10.40.0.128/25}
  outside: {subnet: 10.0.2.0/24}
  odd: {subnet: 10.41.0.1/24, ipv6: "2001:db8::/64"}
  huge: {subnet: 10.0.0.0/4}
  few: {subnet: 10.50.0.0/29}
  wild:
    conditions: {latency: 40, loss: 2, rate: 100Mb, jiter: 1ms}
    links:
      - {between: [a, ghost], loss: 120%}
      - {between: [a], cut: true}
defaults: {box: debian/12}
machines:
  a: {networks: [back, bakc, back, {name: few, address: 10.50.0.3}, wild]}
  b: {networks: [{name: back, address: 10.40.0.1}, {name: few, address: 10.50.0.3}]}
  c: {networks: [{name: back, address: 10.41.0.9}, {name: wild, address: 10.1.1.1}, few]}
  d: {networks: [{name: back, mac: "53:54:00:00:00:01"}, {name: few, mac: "52:54:00:00:00:01"}]}
  e: {networks: [{address: 10.40.0.9}, {name: few, mac: "52:54:00:00:00:01"}]}
  f: {networks: [few, {name: back, address: 10.40.0.255}]}
  g: {networks: few}
`,
  dependencies: `version: 1
defaults: {box: debian/12}
machines:
  self: {depends_on: [self]}
  a: {depends_on: [b]}
  b: {depends_on: [c, c]}
  c: {depends_on: [a]}
  d: {depends_on: [a, ghost]}
`,
  'one machine': `version: 1
depends_on: [x]
networks: []
machine: x
cpu: 2
`,
  'ports that collide': `version: 1
defaults: {box: debian/12}
machines:
  a: {ports: ["80:80", "127.0.0.2:80:81", "53:53/udp", "53:53/tcp"]}
  b: {ports: ["0.0.0.0:80:80", {host: 53, guest: 53, auto: true}]}
`,
  'ports of defaults': `version: 1
defaults: {box: debian/12, ports: ["8080:80"]}
machines: {a: , b: }
`,
  'ports of all kinds': `version: 1
box: debian/12
ports: [80, "80", "8000-8010:80", "[::1]:80:80", "localhost:80:80", "80:80/sctp", "0:80", "80:70000", "256.0.0.1:80:80", "a:b", {host: 0, guest: 1.5}, {host: 1, guest: 2, address: localhost}, "5:5/UDP"]
`,
  'empty values': `version: 1
box:
memory:
machines:
`,
  'a manifest that is a list': '- version: 1\n',
  'a manifest that is a word': 'hello\n',
  'an empty manifest': '# nothing\n',
  'a script where steps are listed':
    'version: 1\nbox: debian/12\nprovision: |\n  apt-get update\n  apt-get install -y nginx\n',
  'an empty file': '',
  tabs: 'version: 1\n\tbox: debian/12\n',
  'tabs under a key': 'version: 1\nenv:\n\tA: b\n',
  'several documents': 'version: 1\n---\nversion: 2\n',
  'a tag, a merge key, a duplicate, odd keys': `version: !!int 1
base: &base {box: debian/12}
<<: *base
version: 1
? [a, b]
: c
__proto__: {cpus: 2}
constructor: x
toString: x
12: x
`,
  aliases: 'version: 1\nbox: *none\nenv: &e {A: *e}\n',
  'an unclosed bracket': 'version: 1\nports: ["8080:80"\nbox: debian/12\n',
  'an unclosed quote': 'version: 1\nbox: "debian/12\ncpus: 2\n',
  'a colon in a text': 'version: 1\nbox: debian/12\nprovision:\n  - shell: echo: a: b\n',
  'a wrong indentation': 'version: 1\nenv:\n  A: b\n C: d\n',
  'a missing colon': 'version: 1\nbox debian/12\n',
  'a bad escape': 'version: 1\nbox: "debian\\q12"\n',
  'a reserved character': 'version: 1\nbox: @debian/12\nname: `x`\n',
  variables: `version: 1
box: \${BOX:?set BOX in .env}
cpus: \${CPUS:-many}
memory: "\${A} \${A} \${B"
env: {A: "\${1}", B: "$\${C}", "\${KEY}": x}
provision: [{shell: "\${left alone}"}, {shell: "./\${DIR}/x.sh"}]
`,
  'an expression in braces without quotes': 'version: 1\nbox: debian/12\nenv: {A: ${HOME}, B: c}\n',
  'a brace and a quote that are not closed': 'version: 1\nenv: {A: {B: 1}\n',
  '.env': { 'posada.yaml': 'version: 1\nbox: ${BOX}\n', '.env': 'SECRET swordfish\nBOX=debian\n' },
  'wide characters': `version: 1
box: debian/12
env: {"größe": 1, "日本語": 2, "🙂": 3}
provision: [{name: "🙂🙂", shell: x, timeout: 5}]
`,
}

test.each(Object.entries(cases))('%s', async (_, files) => {
  expect(`\n${render(await loadError(files))}\n`).toMatchSnapshot()
})

describe('the error itself', () => {
  test('tells how many problems there are, with exit code 2', async () => {
    const error = await loadError('version: 3\nbox: 1\n')
    expect(error).toMatchObject({ code: 'E_MANIFEST_INVALID', message: 'the manifest has 2 problems' })
  })

  test('shows a hundred at most', async () => {
    const error = await loadError(
      `version: 1\nbox: debian/12\n${Array.from({ length: 250 }, (_, i) => `x${i}: 1`).join('\n')}`,
    )
    expect(error.problems).toHaveLength(100)
    expect(error.details).toEqual(['150 more problems are not shown'])
  })

  test('does not show the text of .env', async () => {
    const error = await loadError(cases['.env'] ?? '')
    expect(
      JSON.stringify(error.problems.map(({ message, place, value, hint }) => [message, place, value, hint])),
    ).not.toContain('swordfish')
  })
})

test.each(['\n', '\r\n'])('columns and lines are the same with line ends %j', async (end) => {
  const error = await loadError(
    ['version: 1', 'box: debian/12', '', 'env:', '  A: ["x"]', 'cpus:   9999 # no', ''].join(end),
  )
  expect(error.problems.map(({ place }) => place)).toMatchObject([
    { line: 5, column: 3, length: 1, text: '  A: ["x"]' },
    { line: 6, column: 9, length: 4, text: 'cpus:   9999 # no' },
  ])
})
