import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makePlace } from '../helpers/posada.ts'

interface Part {
  description?: string
  summary?: string
}

interface Command extends Part {
  id: string
  hidden?: boolean
  args: Record<string, Part>
  flags: Record<string, Part>
}

const root = join(import.meta.dirname, '..', '..')
const manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as {
  commands: Record<string, Command>
}
const commands = Object.values(manifest.commands)
const place = makePlace()
afterAll(place.remove)

const UNINTERESTING = new Set([
  'pluginAlias',
  'pluginName',
  'pluginType',
  'isESM',
  'relativePath',
  'enableJsonFlag',
])
const COMMON = new Set(['json', 'file', 'no-color', 'debug'])

/** A command as a script or a person depends on it. */
function surface(command: Command): unknown {
  const own = Object.entries(command.flags).filter(([name]) => !COMMON.has(name))
  const rest = Object.entries(command).filter(([key]) => !UNINTERESTING.has(key))
  return { ...Object.fromEntries(rest), flags: Object.fromEntries(own) }
}

describe('the command surface', () => {
  it('is as it was: a change here is a change for every user', () => {
    expect(Object.fromEntries(commands.map((command) => [command.id, surface(command)]))).toMatchSnapshot()
  })

  it.each(commands.map((command) => [command.id, command] as const))('%s is described', (_, command) => {
    expect(command.summary).toMatch(/^[A-Z].*\.$/)
    for (const part of [...Object.values(command.args), ...Object.values(command.flags)]) {
      expect(part.description).toMatch(/^[A-Z].*\.$/)
    }
    expect(Object.keys(command.flags)).toEqual(expect.arrayContaining([...COMMON]))
  })
})

describe('help', () => {
  it('lists the commands', async () => {
    const { code, stdout, stderr } = await place.run('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const version = /posada\/\S+ \S+ node-\S+/
    expect(stdout.replace(version, 'posada/<version>')).toMatchSnapshot()
    const listed = commands.filter(({ id, hidden }) => !id.includes(':') && hidden !== true)
    for (const { id } of listed) expect(stdout).toContain(id)
  })

  it.each([['up', '--help'], ['help', 'box'], ['box', 'build', '-h'], ['box']])(
    '%s %s fits a terminal',
    async (...argv) => {
      const { code, stdout } = await place.run(...argv.filter((word) => word !== undefined))
      expect(code).toBe(0)
      expect(stdout).toMatchSnapshot()
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    },
  )
})
