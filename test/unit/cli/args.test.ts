import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '..', '..', '..', 'src', 'commands')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

interface CommandModule {
  default: { args: Record<string, { ignoreStdin?: boolean }> }
}

describe('the arguments of commands', () => {
  it.each(files)('%s: what is left out is not read from stdin, as oclif does by itself', async (file) => {
    const module: CommandModule = await import(pathToFileURL(join(folder, file)).href)
    const reading = Object.entries(module.default.args).filter(([, arg]) => arg.ignoreStdin !== true)
    expect(reading.map(([name]) => name)).toEqual([])
  })
})
