import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makePlace, type Place } from '../helpers/posada.ts'

let place: Place
beforeEach(() => {
  place = makePlace()
})
afterEach(() => place.remove())

const write = (text: string) => writeFileSync(join(place.dir, 'posada.yaml'), text)

describe('posada validate', () => {
  it('lets each provider look at its own options', async () => {
    write('version: 1\nbox: debian/12\nproviders:\n  qemu: {acel: tcg}\n  nowhere: {a: 1}\n')
    const { code, stdout } = await place.run('validate', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(stdout).error.problems).toMatchObject([
      { code: 'E_PROVIDER_OPTION', value: 'acel', place: { line: 4, column: 16 } },
      { code: 'E_PROVIDER_UNKNOWN', value: 'nowhere', place: { line: 5, column: 3 } },
    ])
  })

  it('finds nothing wrong with options that exist', async () => {
    write('version: 1\nbox: debian/12\nproviders: {qemu: {machine: pc, args: [-no-hpet]}}\n')
    expect(await place.run('validate')).toMatchObject({ code: 0, stderr: '' })
  })
})
