import { expect, it } from 'vitest'
import { warmSetting } from '../../../../src/app/warm/setting.ts'

it.each<[NodeJS.ProcessEnv, boolean, boolean]>([
  [{}, true, true],
  [{ POSADA_WARM: 'off' }, false, false],
  [{ CI: 'true' }, true, false],
  [{ CI: 'false' }, true, true],
  [{ CI: 'true', POSADA_WARM: 'on' }, true, true],
])('%o: machines start warm %s, images are made %s', (env, starts, makes) => {
  expect(warmSetting(env)).toMatchObject({ starts, makes })
})

it('anything else is refused', () => {
  expect(() => warmSetting({ POSADA_WARM: 'no' })).toThrow(
    expect.objectContaining({ code: 'E_USAGE', value: 'no' }),
  )
})
