import { describe, expect, test } from 'vitest'
import { load, loadError, render } from '../../helpers/manifest.ts'

const head = 'version: 1\ndefaults: {box: debian/12}\nmachines:\n'
const machines = async (text: string) => (await load(head + text)).machines
const problems = async (text: string) => render(await loadError(head + text))

describe('replicas', () => {
  test('are machines with a number, which share a name', async () => {
    expect(await machines('  web: {replicas: 2, cpus: 3}\n  db: {}\n')).toMatchObject([
      { name: 'web-1', group: 'web', cpus: 3 },
      { name: 'web-2', group: 'web', cpus: 3 },
      { name: 'db', group: 'db', cpus: 1 },
    ])
    expect(await machines('  web: {replicas: 1}\n')).toMatchObject([{ name: 'web-1' }])
  })

  test('are all depended on by their name, one by its own', async () => {
    const text = `  web: {replicas: 2}
  proxy: {depends_on: [web]}
  watcher: {replicas: 2, depends_on: [web-2, proxy]}
`
    const found = await machines(text)
    expect(found.map(({ name, dependsOn }) => `${name}: ${dependsOn.join(' ')}`)).toEqual([
      'web-1: ',
      'web-2: ',
      'proxy: web-1 web-2',
      'watcher-1: web-2 proxy',
      'watcher-2: web-2 proxy',
    ])
  })

  test('know where they were written', async () => {
    const [first, second] = await machines('  web: {replicas: 2, memory: 1GiB}\n')
    expect(first?.place('memory')).toMatchObject({ line: 4, column: 30 })
    expect(second?.place('memory')).toEqual(first?.place('memory'))
  })

  test('share a range of the host’s ports out', async () => {
    const text = '  web: {replicas: 3, ports: ["8080-8082:80", "127.0.0.2:9000-9005:7000-7001/udp"]}\n'
    const found = await machines(text)
    expect(
      found.map(({ ports }) => ports.map(({ hostPort, guestPort }) => `${hostPort}:${guestPort}`)),
    ).toEqual([
      ['8080:80', '9000:7000', '9001:7001'],
      ['8081:80', '9002:7000', '9003:7001'],
      ['8082:80', '9004:7000', '9005:7001'],
    ])
    expect(found[2]?.ports[1]).toEqual({
      protocol: 'udp',
      hostAddress: '127.0.0.2',
      hostPort: 9004,
      guestPort: 7000,
      auto: false,
      item: 1,
    })
  })

  test('leave the rest of a range for more of them, down to one', async () => {
    const ports = async (replicas: number) =>
      (await machines(`  web: {replicas: ${replicas}, ports: ["8080-8082:80"]}\n`)).map((machine) =>
        machine.ports.map(({ hostPort, guestPort }) => `${hostPort}:${guestPort}`),
      )
    expect(await ports(1)).toEqual([['8080:80']])
    expect(await ports(2)).toEqual([['8080:80'], ['8081:80']])
    expect(await problems('  web: {ports: ["8080-8082:80"]}\n')).toContain('name one port of the host')
    expect(await problems('  web: {replicas: 4, ports: ["8080-8082:80"]}\n')).toContain(
      'name one port of the host, or at least 4 to share out among the replicas',
    )
  })

  test('what is wrong with them', async () => {
    const text = `  web: {replicas: 3, ports: ["8080:80", {host: 90, guest: 90, auto: true}], depends_on: [web]}
  web-2: {}
  ${'x'.repeat(62)}: {replicas: 10}
  many: {replicas: 256}
  none: {replicas: 0}
  db: {replicas: 2, depends_on: [cache, cach], ports: ["1-3:1-2"]}
  cache: {replicas: 2, depends_on: [db]}
`
    expect(await problems(text)).toMatchInlineSnapshot(`
      "posada.yaml:4:30 E_VALUE_INVALID port 8080/tcp of the host is given to 'web-1' and to 'web-2'; replicas have the same ports
        |   web: {replicas: 3, ports: ["8080:80", {host: 90, guest: 90, auto: true}], depends_on: [web]}
        |                              ^^^^^^^^^
        = a range is shared out among replicas: "8080-8081:80" for two; or give it auto: true
      posada.yaml:4:90 E_DEPENDENCY_CYCLE 'web-1' depends on itself
        |   web: {replicas: 3, ports: ["8080:80", {host: 90, guest: 90, auto: true}], depends_on: [web]}
        |                                                                                          ^^^
        = remove one of these dependencies
      posada.yaml:5:3 E_VALUE_INVALID there are two machines 'web-2': one of them is a replica of 'web'
        |   web-2: {}
        |   ^^^^^
        = give one of the two another name
      posada.yaml:6:78 E_VALUE_INVALID expected names of at most 63 characters, got 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-10'
        |   xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: {replicas: 10}
        |                                                                              ^^
        = give the machine a shorter name
      posada.yaml:7:20 E_VALUE_INVALID expected at most 256 machines, replicas among them, got 270
        |   many: {replicas: 256}
        |                    ^^^
      posada.yaml:8:20 E_VALUE_INVALID expected a whole number from 1 to 256, got the number 0
        |   none: {replicas: 0}
        |                    ^
      posada.yaml:9:34 E_DEPENDENCY_CYCLE machines depend on each other in a circle: cache-1 → db-2 → cache-1
        |   db: {replicas: 2, depends_on: [cache, cach], ports: ["1-3:1-2"]}
        |                                  ^^^^^
        = remove one of these dependencies
      posada.yaml:9:41 E_MACHINE_UNKNOWN there is no machine 'cach'
        |   db: {replicas: 2, depends_on: [cache, cach], ports: ["1-3:1-2"]}
        |                                         ^^^^
        = did you mean 'cache'?
      posada.yaml:9:56 E_VALUE_INVALID expected a range of the host as wide as the guest's, got 3 ports for 2
        |   db: {replicas: 2, depends_on: [cache, cach], ports: ["1-3:1-2"]}
        |                                                        ^^^^^^^^^
        = name 2 ports of the host, or at least 4 to share out among the replicas
      posada.yaml:10:37 E_DEPENDENCY_CYCLE machines depend on each other in a circle: db-1 → cache-1 → db-1
        |   cache: {replicas: 2, depends_on: [db]}
        |                                     ^^
        = remove one of these dependencies"
    `)
  })

  test('two hundred machines are taken', async () => {
    const found = await machines('  a: {replicas: 100}\n  b: {replicas: 100, depends_on: [a]}\n')
    expect(found).toHaveLength(200)
    expect(found[199]?.dependsOn).toHaveLength(100)
  })

  test('of a single machine are several', async () => {
    const { machines } = await load('version: 1\nbox: debian/12\nreplicas: 2\nports: ["8080-8081:80"]\n')
    expect(machines).toMatchObject([
      { name: 'default-1', group: 'default', ports: [{ hostPort: 8080 }] },
      { name: 'default-2', group: 'default', ports: [{ hostPort: 8081 }] },
    ])
  })
})

describe('ranges of ports', () => {
  test('lead port by port, in short and as a mapping', async () => {
    const text =
      '  web: {ports: ["8000-8002:9000-9002", {host: 70-71, guest: "80-81", protocol: udp}, "1-1:2"]}\n'
    const [web] = await machines(text)
    expect(web?.ports.map(({ hostPort, guestPort, item }) => [hostPort, guestPort, item])).toEqual([
      [8000, 9000, 0],
      [8001, 9001, 0],
      [8002, 9002, 0],
      [70, 80, 1],
      [71, 81, 1],
      [1, 2, 2],
    ])
  })

  test('what is wrong with them', async () => {
    const ports = [
      '8000-8010:80',
      '9-8:9-8',
      '1-65535:1-65535',
      '0-3:0-3',
      '8000-8010',
      '80-:80-',
      '1-3:65534-65536',
    ]
    const list = ports.map((port) => `    - "${port}"\n`).join('')
    const rest = '    - {host: 8-9, guest: 8}\n    - {host: 9-8, guest: 1.5}\n'
    expect(await problems(`  web:\n    ports:\n${list}${rest}`)).toMatchInlineSnapshot(`
      "posada.yaml:6:7 E_VALUE_INVALID expected a range of the host as wide as the guest's, got 11 ports for 1
        |     - "8000-8010:80"
        |       ^^^^^^^^^^^^^^
        = name one port of the host
      posada.yaml:7:7 E_VALUE_INVALID expected a port such as "8080:80" (host:guest), got the text "9-8:9-8"
        |     - "9-8:9-8"
        |       ^^^^^^^^^
        = the smaller port comes first: 8-9
      posada.yaml:8:7 E_VALUE_INVALID expected a port such as "8080:80" (host:guest), got the text "1-65535:1-65535"
        |     - "1-65535:1-65535"
        |       ^^^^^^^^^^^^^^^^^
        = a range has at most 200 ports
      posada.yaml:9:7 E_VALUE_INVALID expected a port such as "8080:80" (host:guest), got the text "0-3:0-3"
        |     - "0-3:0-3"
        |       ^^^^^^^^^
        = ports are numbers from 1 to 65535
      posada.yaml:10:7 E_VALUE_INVALID expected a port such as "8080:80" (host:guest), got the text "8000-8010"
        |     - "8000-8010"
        |       ^^^^^^^^^^^
        = did you mean "8000-8010:8000-8010"?
      posada.yaml:11:7 E_VALUE_INVALID expected a port such as "8080:80" (host:guest), got the text "80-:80-"
        |     - "80-:80-"
        |       ^^^^^^^^^
        = forms are "8080:80", "127.0.0.1:8080:80", "5353:53/udp" and "8000-8010:8000-8010"
      posada.yaml:12:7 E_VALUE_INVALID expected a port such as "8080:80" (host:guest), got the text "1-3:65534-65536"
        |     - "1-3:65534-65536"
        |       ^^^^^^^^^^^^^^^^^
        = ports are numbers from 1 to 65535
      posada.yaml:13:7 E_VALUE_INVALID expected a range of the host as wide as the guest's, got 2 ports for 1
        |     - {host: 8-9, guest: 8}
        |       ^^^^^^^^^^^^^^^^^^^^^
        = name one port of the host
      posada.yaml:14:14 E_VALUE_INVALID expected a port from 1 to 65535 or a range such as "8000-8010", got the text "9-8"
        |     - {host: 9-8, guest: 1.5}
        |              ^^^
        = the smaller port comes first: 8-9
      posada.yaml:14:26 E_VALUE_INVALID expected a port from 1 to 65535 or a range such as "8000-8010", got the number 1.5
        |     - {host: 9-8, guest: 1.5}
        |                          ^^^"
    `)
  })

  test('clash where they meet', async () => {
    expect(
      await problems('  a: {ports: ["8000-8009:1-10"]}\n  b: {ports: ["8005-8014:1-10", "8020:1"]}\n'),
    ).toMatchInlineSnapshot(`
      "posada.yaml:5:15 E_VALUE_INVALID port 8005/tcp of the host is given to 'a' and to 'b'; first in line 4
        |   b: {ports: ["8005-8014:1-10", "8020:1"]}
        |               ^^^^^^^^^^^^^^^^
        = use another host port for one of the two, or give it auto: true"
    `)
  })
})
