import type { BoxFacts } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { namePattern, normalVersion, userPattern } from '../../lib/values/box-names.ts'

/** What a user says of a box that does not say it itself, as it was typed. */
export interface BoxFactsInput {
  name?: string | undefined
  version?: string | undefined
  user?: string | undefined
  firmware?: 'bios' | 'uefi' | undefined
  image?: 'qcow2' | 'raw' | undefined
}

/** The same, checked. E_BOX_SOURCE says what is wrong. */
export function boxFacts({ name, version, user, firmware, image }: BoxFactsInput): BoxFacts {
  const refuse = (flag: string, value: string, form: string) => {
    throw new PosadaError('E_BOX_SOURCE', `'${value}' is not a valid ${flag} for a box`, {
      value,
      hint: `--${flag} takes ${form}`,
    })
  }
  if (name !== undefined && !namePattern.test(name)) refuse('name', name, 'a name such as team/shop')
  const plain = version === undefined ? undefined : normalVersion(version)
  if (plain === null) refuse('version', version ?? '', 'digits and dots, such as 1.2 or 1.2.0-rc1')
  if (user !== undefined && !userPattern.test(user))
    refuse('user', user, 'the name of a user, such as vagrant')
  return {
    ...(name === undefined ? {} : { name }),
    ...(plain == null ? {} : { version: plain }),
    ...(user === undefined ? {} : { user }),
    ...(firmware === undefined ? {} : { firmware }),
    ...(image === undefined ? {} : { image }),
  }
}
