import { PosadaError } from '../../errors/index.ts'
import type { Project } from '../../machine/index.ts'

/**
 * What POSADA_WARM says: `on`; `off`, no machine begins with an image and none is made; left out, a CI job makes none, as
 * its cache goes with it. E_USAGE.
 */
export function warmSetting(env: NodeJS.ProcessEnv): Project['warm'] {
  const { POSADA_WARM: text = '', CI = '' } = env
  if (!['', 'on', 'off'].includes(text))
    throw new PosadaError('E_USAGE', `POSADA_WARM is neither on nor off`, {
      value: text,
      hint: 'unset it, or set it to off: every new machine boots then',
    })
  const isCi = CI !== '' && CI !== 'false'
  return { starts: text !== 'off', makes: text === 'on' || (text === '' && !isCi), wanted: new Map() }
}
