import { once } from 'node:events'
import { afterAll, expect, it } from 'vitest'
import { machinesPlace } from '../../helpers/machines.ts'

const place = machinesPlace()
afterAll(() => place.cleanUp())

// One boot of posada/tiny: some 5 s, 30 on a busy host.
it('events and top see what other commands do, and what no command did', async () => {
  place.write(
    'version: 1\nname: shop\nmachines:\n  web: {provider: qemu, box: posada/tiny, memory: 128MiB}\n',
  )
  const watcher = place.start('events', '--json')
  const seen: Record<string, unknown>[] = []
  let rest = ''
  watcher.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    seen.push(...lines.map((line) => JSON.parse(line)))
  })
  const states = () => seen.flatMap(({ type, to }) => (type === 'state' ? [to] : []))
  try {
    await place.json('up')
    await expect.poll(states, { timeout: 30_000 }).toContain('running')
    expect(await place.json('top')).toMatchObject({
      projects: [
        {
          name: 'shop',
          root: place.dir,
          machines: [{ name: 'web', state: 'running', rates: { cpu: expect.any(Number) } }],
        },
      ],
    })
    for (const pid of place.hypervisors()) process.kill(pid, 'SIGKILL')
    await expect.poll(states, { timeout: 30_000 }).toContain('crashed')
    const boot = {
      type: 'step',
      step: 'boot',
      status: 'done',
      machine: 'web',
      project: 'shop',
      command: 'posada up',
    }
    expect(seen).toContainEqual(expect.objectContaining(boot))
    const { stdout } = await place.run('events', '--past', '--no-follow')
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d shop ✓ web: /m)
  } finally {
    watcher.kill('SIGINT')
    const [code] = await once(watcher, 'close')
    expect(code).toBe(130)
  }
})
