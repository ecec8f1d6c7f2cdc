import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makePlace } from '../helpers/posada.ts'

const place = makePlace('json')
afterAll(place.remove)
writeFileSync(
  join(place.dir, 'posada.yaml'),
  `version: 1
name: shop
machines:
  db: {box: posada/tiny, memory: 256MiB}
  web: {box: posada/tiny, depends_on: [db], ports: ["18080:80"]}
`,
)

/** The one document of a command, with what differs from run to run made the same. */
async function json(...argv: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await place.run(...argv, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout.replaceAll(join(place.dir, '..'), '<base>'))
}

describe('documents of commands that need no machine', () => {
  it.each([['validate'], ['status'], ['status web'], ['list'], ['ports'], ['init minimal -']])(
    '%s',
    async (line) => {
      expect(await json(...line.split(' '))).toMatchSnapshot()
    },
  )

  it('box list, with an empty store', async () => {
    const listing = (await json('box', 'list')) as { recipes: string[] }
    expect(listing).toEqual({
      boxes: [],
      damaged: [],
      recipes: expect.arrayContaining(['posada/tiny', 'debian/12']),
    })
  })

  it('schema', async () => {
    expect(await json('schema')).toMatchObject({ $schema: expect.any(String), type: 'object' })
  })

  it('completion', async () => {
    expect(await json('completion', 'fish')).toEqual({
      shell: 'fish',
      script: expect.stringContaining('complete -c posada'),
      installed: [],
    })
  })

  it('common flags may stand before the command', async () => {
    const { stdout } = await place.run('--json', '--file', 'posada.yaml', 'validate')
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, name: 'shop' })
  })
})
