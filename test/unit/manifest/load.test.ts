import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadManifest } from '../../../src/manifest/index.ts'
import { load, loadError, render, withFolder } from '../../helpers/manifest.ts'

const whole = `version: 1
name: shop
defaults:
  box: debian/12
  env: {A: from defaults, B: "2"}
  ports: ["9000:90"]
machines:
  db:
    memory: 1.5GiB
    disk: 10GB
    provision:
      - name: postgres
        shell: |
          echo $HOME \${x} $$
        timeout: 10m
  web:
    provider: qemu
    providers: {qemu: {args: ["-device", "\${DEVICE}"], deep: {a: [1, true, null]}}}
    arch: aarch64
    cpus: 2
    nested: true
    depends_on: [db]
    ports:
      - "8080:80"
      - "127.0.0.2:5353:53/udp"
      - {host: 8443, guest: 443, protocol: tcp, address: 0.0.0.0, auto: true}
    env: {A: own, PORT: 0080, ON: true}
    boot_timeout: 1m30s
    halt_timeout: 5s
    provision:
      - shell: ./scripts/setup.sh
        args: [--fast, "\${DEVICE}"]
        env: {TOKEN: "\${TOKEN:-none}"}
        user: web
        run: always
      - shell: {path: "scripts/\${DEVICE}.sh"}
      - shell: {inline: ./in-the-guest}
      - file: {from: ./nginx.conf, to: /etc/nginx/nginx.conf, mode: "0644", owner: root, group: www-data}
      - name: motd
        run: once
        file: {content: "\${x}", to: /etc/motd}
`

test('a manifest with everything in it', async () => {
  await withFolder({ 'posada.yaml': whole }, async (folder) => {
    const manifest = await loadManifest({ cwd: folder, env: { DEVICE: 'virtio' } })
    const text = JSON.stringify(manifest, null, 2).replaceAll(folder, '<folder>')
    expect(JSON.parse(text)).toMatchSnapshot()
  })
})

test('the least manifest, and every default', async () => {
  const manifest = await load('version: 1\nbox: debian/12\n')
  expect(manifest).toMatchObject({
    name: 'shop',
    machines: [
      {
        name: 'default',
        group: 'default',
        box: 'debian/12',
        provider: 'auto',
        providers: {},
        arch: 'host',
        cpus: 1,
        memory: 1024 ** 3,
        disk: null,
        nested: false,
        dependsOn: [],
        ports: [],
        autoPorts: false,
        env: {},
        provision: [],
        ready: [],
        bootTimeout: 180_000,
        haltTimeout: 60_000,
      },
    ],
  })
})

describe('the project name', () => {
  test.each([
    ['My Shop', 'my-shop'],
    [
      'Größe',
      'große'
        .normalize('NFKD')
        .replace(/[^a-z]/g, '')
        .replace('groe', 'gro-e'),
    ],
    ['2048-game', 'game'],
    ['___', 'project'],
    ['x'.repeat(100), 'x'.repeat(63)],
    ['a-', 'a'],
  ])('of the folder %s is %s', async (folder, name) => {
    await withFolder({ [`${folder}/posada.yaml`]: 'version: 1\nbox: debian/12' }, async (root) => {
      expect(await loadManifest({ cwd: join(root, folder), env: {} })).toMatchObject({ name })
    })
  })
})

describe('files', () => {
  test('a subfolder finds the manifest above it', async () => {
    await withFolder({ 'posada.yaml': 'version: 1\nbox: debian/12', 'a/b/x': '' }, async (folder) => {
      const manifest = await loadManifest({ cwd: join(folder, 'a', 'b'), env: {} })
      expect(manifest).toMatchObject({ root: folder, file: join(folder, 'posada.yaml') })
    })
  })

  test('--file names another, with an override of its own', async () => {
    const files = {
      'posada.yaml': 'nonsense',
      'posada.override.yaml': 'nonsense',
      'other.yaml': 'version: 1\nbox: debian/12',
      'other.override.yaml': 'cpus: 4',
    }
    expect(await load(files, { file: 'other.yaml' })).toMatchObject({ machines: [{ cpus: 4 }] })
  })

  test('variables come from .env, and from the environment before that', async () => {
    const files = { 'posada.yaml': 'version: 1\nbox: debian/${V:?}\ncpus: ${CPUS}', '.env': 'V=11\nCPUS=3' }
    expect(await load(files, { env: { V: '12' } })).toMatchObject({
      machines: [{ box: 'debian/12', cpus: 3 }],
    })
  })

  test('.env is not read where no variable is asked for', async () => {
    await load({ 'posada.yaml': 'version: 1\nbox: debian/12', '.env': 'not for us' })
  })

  test('a byte order mark and CRLF line ends are taken', async () => {
    const manifest = await load('\ufeffversion: 1\r\nbox: debian/12\r\ncpus: 2\r\n')
    expect(manifest.machines[0]?.place('cpus')).toMatchObject({
      line: 3,
      column: 7,
      text: 'cpus: 2',
      length: 1,
    })
  })
})

describe('merging', () => {
  const base = `version: 1
defaults: {box: debian/12, disk: 5GiB, env: {A: "1", B: "1"}, ports: ["1000:1", "1001:1"]}
machines:
  db: {disk: null, env: {B: "2"}, ports: []}
  web: {ports: ["2000:1"]}
  old:
`

  test('defaults lie under machines: mappings merge, lists are replaced, null removes', async () => {
    const { machines } = await load(base.replace('"1000:1", "1001:1"', ''))
    expect(machines.map(({ name, disk, env, ports }) => [name, disk, env, ports.length])).toEqual([
      ['db', null, { A: '1', B: '2' }, 0],
      ['web', 5 * 1024 ** 3, { A: '1', B: '1' }, 1],
      ['old', 5 * 1024 ** 3, { A: '1', B: '1' }, 0],
    ])
  })

  test('the override lies over the manifest, also over its defaults', async () => {
    const override =
      'defaults: {env: {A: "9"}, cpus: 4}\nmachines: {old: null, db: {env: {C: "3"}}, new: {box: a/b}}'
    const { machines } = await load({ 'posada.yaml': base, 'posada.override.yaml': override })
    expect(machines.map(({ name, cpus, env }) => [name, cpus, env])).toEqual([
      ['db', 4, { A: '9', B: '2', C: '3' }],
      ['web', 4, { A: '9', B: '1' }],
      ['new', 4, { A: '9', B: '1' }],
    ])
  })

  test('an override may take away what a machine has from the defaults', async () => {
    const files = { 'posada.yaml': base, 'posada.override.yaml': 'machines: {old: null, web: {disk: null}}' }
    expect((await load(files)).machines[1]).toMatchObject({ name: 'web', disk: null })
  })

  test('an empty override changes nothing', async () => {
    const plain = 'version: 1\nbox: debian/12'
    expect(await load({ 'posada.yaml': plain, 'posada.override.yaml': '# nothing\n' })).toMatchObject({
      name: 'shop',
    })
  })

  test('a problem is shown in the file where the value stands', async () => {
    const error = await loadError({
      'posada.yaml': 'version: 1\nbox: debian/12\ncpus: 1\nmemory: 1',
      'posada.override.yaml': '\n\ncpus: many\nenv: {A: "${NOPE}"}',
    })
    expect(
      error.problems.map(({ place }) => [place?.file.split('/').pop(), place?.line, place?.column]),
    ).toEqual([
      ['posada.yaml', 4, 9],
      ['posada.override.yaml', 3, 7],
      ['posada.override.yaml', 4, 11],
    ])
  })

  test('null for a machine that is not there is a mistake, not a machine', async () => {
    const error = await loadError({ 'posada.yaml': base, 'posada.override.yaml': 'machines: {odl: null}' })
    expect(render(error)).toContain("there is no machine 'odl' to remove")
    expect(error.problems.filter(({ code }) => code === 'E_MACHINE_UNKNOWN')).toMatchObject([
      { hint: "did you mean 'old'?" },
    ])
  })
})

describe('places', () => {
  const text = `version: 1
defaults:
  env: {A: 1}
machines:
  db:
    box: debian/12   # a comment
    ports:
      - "8080:80"
      - {host: 8081, guest: 81}
    providers:
      qemu:
        args: [a, "b"]
    provision:
    - shell: |
        one
        two
      name: x
  web: {box: debian/12, cpus: 2}
`

  test.each([
    [['box'], 6, 10, 9],
    [['ports'], 7, 5, 5],
    [['ports', 0], 8, 9, 9],
    [['ports', 1, 'guest'], 9, 29, 2],
    [['ports', 7], 7, 5, 5],
    [['providers', 'qemu', 'args', 1], 12, 19, 3],
    [['providers', 'qemu', 'machine'], 11, 7, 4],
    [['provision', 0], 14, 7, 8],
    [['provision', 0, 'shell'], 14, 14, 1],
    [['env', 'A'], 3, 12, 1],
    [['disk'], 5, 3, 2],
    [[], 5, 3, 2],
    [['toString', 'x'], 5, 3, 2],
  ] as const)('of %j', async (path, line, column, length) => {
    const { machines } = await load(text)
    expect(machines[0]?.place(...path)).toMatchObject({ line, column, length })
  })

  test('in flow style', async () => {
    const { machines } = await load(text)
    expect(machines[1]?.place('cpus')).toMatchObject({ line: 18, column: 31, length: 1 })
  })
})

describe('names of steps', () => {
  test('go by number where none is written, and stay unique', async () => {
    const steps = '[{shell: a}, {shell: b, name: step-3}, {shell: c}, {shell: d}]'
    const { machines } = await load(`version: 1\nbox: debian/12\nprovision: ${steps}`)
    expect(machines[0]?.provision.map(({ name }) => name)).toEqual(['step-1', 'step-3', 'step-3-', 'step-4'])
  })
})

describe('hooks', () => {
  test('are a command, a mapping, or a list of these', async () => {
    const up = '[a, {run: "b ${x}", in: guest, timeout: 10s, on_error: warn}]'
    const { machines } = await load(
      `version: 1\nbox: debian/12\nhooks: {before: {up: ./a.sh, halt: {run: c}}, after: {up: ${up}, destroy: d}}`,
    )
    const base = { in: 'host', timeout: 300_000, onError: 'fail' }
    expect(machines[0]?.hooks).toMatchObject({
      before: { up: [{ run: './a.sh', ...base }], halt: [{ run: 'c', ...base, onError: 'warn' }] },
      after: {
        up: [
          { run: 'a', ...base },
          { run: 'b ${x}', in: 'guest', timeout: 10_000, onError: 'warn' },
        ],
        ...{ halt: [], destroy: [{ run: 'd', onError: 'warn' }], provision: [], rewind: [] },
      },
    })
  })

  test.each([
    ['{after: {up: {}}}', "the key 'run' is missing"],
    ['{after: {up: 7}}', 'a command'],
    ['{after: {up: [{run: a, in: both}]}}', 'host or guest'],
    ['{after: {start: a}}', "has no key 'start'"],
    ['{during: {up: a}}', "has no key 'during'"],
    ['{after: {up: {run: a, timeout: 10}}}', 'a duration'],
  ])('%s is refused', async (hooks, message) => {
    const error = await loadError(`version: 1\nbox: debian/12\nhooks: ${hooks}\n`)
    expect(error.problems.map((problem) => problem.message)).toEqual([expect.stringContaining(message)])
  })
})

describe('an ansible step', () => {
  test('is a playbook, or a mapping', async () => {
    const long = '{playbook: ./b/y.yml, groups: [db], vars: {port: 80, deep: {list: [1, x]}}, via: guest}'
    const { machines, root } = await load(
      `version: 1\nbox: debian/12\nprovision: [{ansible: a/x.yml}, {ansible: ${long}, retries: 1}]`,
    )
    expect(machines[0]?.provision).toMatchObject([
      { kind: 'ansible', playbook: `${root}/a/x.yml`, groups: [], vars: {}, via: null },
      {
        ...{ kind: 'ansible', playbook: `${root}/b/y.yml`, groups: ['db'], via: 'guest', retries: 1 },
        vars: { port: 80, deep: { list: [1, 'x'] } },
      },
    ])
  })

  test.each([
    ['ansible: site.yml', "the playbook 'site.yml' has to be in a folder of its own"],
    ['ansible: ../site.yml', "the playbook 'site.yml' has to be in a folder of its own"],
    ['ansible: {}', "the key 'playbook' is missing"],
    ['ansible: {playbook: a/x, via: both}', 'host or guest'],
    ['ansible: {playbook: a/x, groups: [a-b]}', 'the name of a group'],
    ['ansible: a/x, user: web', "an ansible step has no key 'user'"],
    ['ansible: a/x, shell: b', "takes one of 'shell', 'file', 'ansible'"],
  ])('%s is refused', async (keys, message) => {
    const error = await loadError(`version: 1\nbox: debian/12\nprovision:\n  - {${keys}}\n`)
    expect(error.problems.map((problem) => problem.message)).toEqual([expect.stringContaining(message)])
  })
})

describe('sensitive values of a step', () => {
  test('are known by where they are', async () => {
    const places = '{A: {env: B}, C: {file: ./token}, D: {command: "pass show ${x}"}}'
    const { machines, root } = await load(
      `version: 1\nbox: debian/12\nprovision: [{shell: a, sensitive: ${places}}]`,
    )
    expect(machines[0]?.provision[0]).toMatchObject({
      sensitive: { A: { env: 'B' }, C: { path: `${root}/token` }, D: { command: 'pass show ${x}' } },
    })
  })

  test.each([
    ['shell: a, sensitive: {A: hunter2}', 'a sensitive value: a mapping of keys'],
    ['shell: a, sensitive: {A: {}}', "needs 'env' or 'file' or 'command'"],
    ['shell: a, sensitive: {A: {env: B, file: c}}', "takes one of 'env', 'file', 'command'"],
    ['shell: a, sensitive: {A: {env: b-c}}', 'the name of a variable'],
    ['shell: a, sensitive: {a b: {env: B}}', 'the name of a variable'],
    ['file: {content: a, to: /b}, sensitive: {A: {env: B}}', "a file step has no key 'sensitive'"],
  ])('%s is refused', async (keys, message) => {
    const error = await loadError(`version: 1\nbox: debian/12\nprovision:\n  - {${keys}}\n`)
    expect(error.problems.map((problem) => problem.message)).toEqual([expect.stringContaining(message)])
  })
})

describe('a puppet step', () => {
  test('is a manifest, or a mapping', async () => {
    const long = '{manifest: ./b/y.pp, facts: {role: db, port: "80"}}'
    const { machines, root } = await load(
      `version: 1\nbox: debian/12\nprovision: [{puppet: ops/site.pp}, {puppet: ${long}}]`,
    )
    expect(machines[0]?.provision).toMatchObject([
      { kind: 'puppet', manifest: `${root}/ops/site.pp`, facts: {} },
      { kind: 'puppet', manifest: `${root}/b/y.pp`, facts: { role: 'db', port: '80' } },
    ])
  })

  test.each([
    ['puppet: {facts: {a: b}}', "the key 'manifest' is missing"],
    ['puppet: site.pp', "the Puppet manifest 'site.pp' has to be in a folder of its own"],
    ['puppet: {manifest: ops/site.pp, facts: {A-b: c}}', 'the name of a fact'],
    ['puppet: ops/site.pp, user: web', "a puppet step has no key 'user'"],
    ['puppet: ops/site.pp, ansible: ops/site.yml', 'takes one of'],
  ])('%s is refused', async (keys, message) => {
    const error = await loadError(`version: 1\nbox: debian/12\nprovision:\n  - {${keys}}\n`)
    expect(error.problems.map((problem) => problem.message)).toEqual([expect.stringContaining(message)])
  })
})

describe('a step behind which the disk is kept', () => {
  const stepsOf = (steps: string) => load(`version: 1\nbox: debian/12\nprovision: [${steps}]`)

  test('says so; others do not', async () => {
    const { machines } = await stepsOf('{shell: a, cache: true}, {shell: b, cache: false}, {shell: c}')
    expect(machines[0]?.provision.map(({ cache }) => cache)).toEqual([true, undefined, undefined])
  })

  test('may come before secrets', async () => {
    const steps = '{shell: a, cache: true}, {shell: b, sensitive: {A: {env: B}}}'
    expect((await stepsOf(steps)).machines[0]?.provision).toHaveLength(2)
  })

  test.each([
    'shell: a, cache: true, sensitive: {A: {env: B}}',
    'shell: a, sensitive: {A: {env: B}}}, {shell: b}, {file: {content: a, to: /b}, cache: true',
  ])('%s is refused', async (steps) => {
    const error = await loadError(`version: 1\nbox: debian/12\nprovision: [{${steps}}]\n`)
    expect(error.problems).toMatchObject([
      { code: 'E_VALUE_INVALID', message: expect.stringContaining('secrets on the disk') },
    ])
  })
})

describe('when a step runs', () => {
  const first = async (keys: string) =>
    (await load(`version: 1\nbox: debian/12\nprovision: [{shell: a${keys}}]`)).machines[0]?.provision[0]

  test.each([
    ['', 'changed'],
    [', run: once', 'once'],
    [', on: [create]', 'once'],
    [', on: [create, change]', 'changed'],
    [', on: [change]', 'changed'],
    [', on: [create, up]', 'always'],
    [', on: [up]', 'always'],
  ])('%s: %s', async (keys, run) => {
    expect(await first(keys)).toMatchObject({ run, retries: 0, reboot: false })
  })

  test('how often again, and whether the guest restarts', async () => {
    expect(await first(', retries: 3, reboot: true')).toMatchObject({ retries: 3, reboot: true })
  })

  test.each([
    ['on: [up], run: once', "takes 'on' or 'run'"],
    ['on: []', 'at least one of create, change, up'],
    ['on: ', 'at least one of create, change, up'],
    ['on: up', 'a list of occasions'],
    ['on: [branch]', 'create, change, up, resume or fork'],
    ['retries: 101', 'from 0 to 100'],
    ['retries: -1', 'from 0 to 100'],
    ['reboot: now', 'true or false'],
  ])('%s is refused', async (keys, message) => {
    const error = await loadError(`version: 1\nbox: debian/12\nprovision:\n  - {shell: a, ${keys}}\n`)
    expect(error.problems.map((problem) => problem.message)).toEqual([expect.stringContaining(message)])
  })
})

test.each([
  ['./a.sh', 'path'],
  ['../a.sh', 'path'],
  ['/opt/a.sh', 'path'],
  ['./a.sh --fast', 'inline'],
  ['/bin/true; x', 'inline'],
  ['a.sh', 'inline'],
  ['.a/b', 'inline'],
  ['"./a.sh\\n"', 'inline'],
  ['~/a.sh', 'inline'],
  ['https://example.com/a.sh', 'url'],
  ['https://example.com/a.sh --fast', 'inline'],
  ['ftp://example.com/a.sh', 'inline'],
])('shell: %s is a %s', async (shell, kind) => {
  const { machines } = await load(
    `version: 1\nbox: debian/12\nprovision: [{shell: ${shell.replace('; ', ';\t')}}]`,
  )
  const [step] = machines[0]?.provision ?? []
  expect(step?.kind === 'shell' && Object.keys(step.source)[0]).toBe(kind)
})

test('a script beside the manifest without ./ is asked about; a command of the guest is not', async () => {
  const head = 'version: 1\nbox: debian/12\nprovision:\n'
  const files = (shell: string) => ({
    'posada.yaml': `${head}  - shell: ${shell}\n`,
    'setup.sh': '',
    'bin/x': '',
    whoami: '',
  })
  for (const shell of ['setup.sh', 'bin/x', 'whoami', '"setup.sh"'])
    expect((await loadError(files(shell))).problems).toMatchObject([
      {
        code: 'E_VALUE_INVALID',
        hint: expect.stringContaining("did you mean './"),
        place: { line: 4, column: 12 },
      },
    ])
  for (const shell of ['./setup.sh', '{inline: setup.sh}', 'setup', 'bin', 'sh setup.sh'])
    expect((await load(files(shell))).machines).toHaveLength(1)
})

test('folders of the host: defaults, paths of both sides', async () => {
  const { machines } = await load(
    'version: 1\nbox: debian/12\nsync: [{from: ./app, to: /srv//app/}, {from: /x, to: /y, type: once, exclude: [z]}]\n',
  )
  const rest = { gitignore: true, git: false, merge: false }
  expect(machines[0]?.sync).toMatchObject([
    { from: expect.stringMatching(/^\/.*\/app$/), to: '/srv/app', type: 'mirror', exclude: [], ...rest },
    { from: '/x', to: '/y', type: 'once', exclude: ['z'], ...rest },
  ])
})
