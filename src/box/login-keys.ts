import type { BoxFile, BoxManifest } from './model.ts'

/** The private keys that let in the first time; none where a seed brings the machine's own. */
export function loginKeys({ login }: BoxManifest): BoxFile[] {
  return [...(login.key === undefined ? [] : [login.key]), ...login.otherKeys]
}
