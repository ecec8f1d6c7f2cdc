import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { conversionFixture, converted } from '../../helpers/conversion.ts'

const names = readdirSync(join(import.meta.dirname, '..', '..', 'fixtures', 'conversion')).sort()

test('there are ten Vagrantfiles, and one of each other kind', () => {
  const vagrantfiles = names.filter((name) => name.startsWith('Vagrantfile.'))
  expect(vagrantfiles).toHaveLength(10)
  expect(names.filter((name) => !vagrantfiles.includes(name))).toEqual([
    'cloud-config.yaml',
    'compose.yaml',
    'devcontainer.json',
    'lima.yaml',
  ])
})

test.each(names)('%s becomes a valid manifest that says what was left out', async (name) => {
  const { text, leftOut } = await converted(name, conversionFixture(name))
  await expect(text).toMatchFileSnapshot(`manifests/${name.replace('Vagrantfile.', '')}.posada.yaml`)
  const lines = conversionFixture(name).split('\n')
  for (const { what, line, reason } of leftOut) {
    expect(lines[line - 1]).toBeDefined()
    expect(text).toContain(`line ${line}: ${what}: ${reason}`)
  }
})
