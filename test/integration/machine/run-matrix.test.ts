import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny some six times: about 90 s with emulated processors.

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('matrix')
  place.write('version: 1\nname: run\nbox: posada/tiny\nprovider: qemu\nmemory: 192MiB\n')
  mkdirSync(join(place.dir, 'src'))
  writeFileSync(join(place.dir, 'src', 'x'), '')
})
afterAll(() => place.cleanUp())

interface Cells {
  exitCode: number
  cells: {
    matrix: Record<string, string>
    exitCode: number
    stdout: string
    artefacts: string[]
    error: { code: string } | null
  }[]
}

describe('posada run --matrix', () => {
  it('runs each combination in a machine of its own, in parallel, and ends with the code of the first that failed', async () => {
    const script =
      'echo "code $CODE"; echo "$CODE" > code; echo "kB $(grep -c . /proc/meminfo)"; exit "$CODE"'
    const ran = await place.run(
      ...['run', '--matrix', 'memory=192MiB,224MiB', '--matrix', 'CODE=0,5', '--parallel', '2'],
      ...['--out', 'code', '--out-dir', 'results', '--junit', 'reports/run.xml', '--', 'sh', '-c', script],
    )
    expect(ran.code, ran.stderr).toBe(5)
    const lines = ran.stdout.split('\n').slice(0, -1)
    expect(lines).toHaveLength(8)
    for (const line of lines) expect(line).toMatch(/^memory=(192|224)MiB CODE=[05] \| (code [05]|kB \d+)$/)
    expect(readdirSync(join(place.dir, 'results')).sort()).toEqual([
      'memory=192MiB,CODE=0',
      'memory=192MiB,CODE=5',
      'memory=224MiB,CODE=0',
      'memory=224MiB,CODE=5',
    ])
    expect(readFileSync(join(place.dir, 'results', 'memory=224MiB,CODE=5', 'code'), 'utf8')).toBe('5\n')
    expect(ran.stderr).toMatch(/^fail +224MiB +5 +5 +\S+ +exit code 5$/m)
    const junit = readFileSync(join(place.dir, 'reports', 'run.xml'), 'utf8')
    expect(junit).toContain('tests="4" failures="2" errors="0"')
    expect(junit).toContain('<system-out>code 5\nkB ')
    expect(place.hypervisors()).toEqual([])
  })

  it('gives 125 and the reason for a cell that Posada failed, and runs the others all the same', async () => {
    const ran = await place.run(
      ...['run', '--json', '--no-workspace', '--matrix', 'box=./none.box,posada/tiny', '--', 'hostname'],
    )
    const { exitCode, cells } = JSON.parse(ran.stdout) as Cells
    expect([ran.code, exitCode, ...cells.map((cell) => cell.exitCode)]).toEqual([125, 125, 125, 0])
    expect(cells[0]).toMatchObject({ matrix: { box: './none.box' }, error: { code: 'E_BOX_INVALID' } })
    expect(cells[1]).toMatchObject({ error: null, stdout: expect.stringMatching(/\w/) })
  })

  it('tries again in a new machine what fails', async () => {
    const counted = 'test -e src/x || exit 3; test -e /tmp/seen && exit 4; touch /tmp/seen; exit 1'
    const ran = await place.run('run', '--retries', '1', '--', 'sh', '-c', counted)
    expect(ran.code, ran.stderr).toBe(1)
    expect(ran.stderr).toContain('failed (exit code 1); attempt 2 of 2 in a new machine')
    expect(existsSync(join(place.env.XDG_STATE_HOME ?? '', 'posada', 'runs'))).toBe(true)
    expect(readdirSync(join(place.env.XDG_STATE_HOME ?? '', 'posada', 'runs'))).toEqual([])
  })

  it('refuses what contradicts itself', async () => {
    const both = await place.fails('E_USAGE', 'run', '--box', 'a/b', '--matrix', 'box=c/d', 'true')
    expect(both).toMatchObject({ exitCode: 125, hint: 'leave out --box' })
    expect((await place.fails('E_USAGE', 'run', '--matrix', 'bx=a', 'true')).hint).toBe('did you mean box?')
  })
})

describe('posada run --service', () => {
  it('has machines of the manifest up beside it, by name on its private network, in two runs at once', async () => {
    place.write(`version: 1
name: services
networks: {back: {subnet: 10.77.0.0/24}}
defaults: {box: posada/tiny, provider: qemu, memory: 192MiB, networks: [back]}
machines:
  db: {ready: [{shell: test -e /tmp/db}], provision: [{shell: touch /tmp/db}]}
  web: {}
`)
    const script = 'nc -w 20 db 22 </dev/null | head -c 4'
    const args = ['run', '--no-workspace', '--service', 'db', '--', 'sh', '-c', script]
    const [one, two] = await Promise.all([place.run(...args), place.run(...args)])
    expect([one.code, two.code], one.stderr + two.stderr).toEqual([0, 0])
    expect(one.stdout).toBe('SSH-')
    expect(two.stdout).toBe('SSH-')
    expect(one.stderr + two.stderr).not.toContain('the same addresses')
    expect(place.hypervisors()).toEqual([])
  })
})
