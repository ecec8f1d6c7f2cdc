/** One half of a box's name. */
export const boxNamePart = '[a-z0-9][a-z0-9._-]{0,63}'
const release = '\\d{1,15}(?:\\.\\d{1,15}){0,7}'
const prerelease = '[0-9a-z][0-9a-z.-]{0,31}'
/** Numbers with dots between them; behind a hyphen what came before that release: `1.0.0-rc1`. */
export const boxVersionForm = `${release}(?:-${prerelease})?`

/** `debian/12`. Joined to paths of the store, so that no name leads out of it. */
export const namePattern = new RegExp(`^${boxNamePart}/${boxNamePart}$`)
/** `20261122.1`. */
export const versionPattern = new RegExp(`^${boxVersionForm}$`)
/**
 * A version as others write it, in our form: `v1.2.3` is `1.2.3`, and RubyGems' `1.0.0.rc1` and semver's `1.0.0-RC1+b2`
 * are `1.0.0-rc1`. null where it is not one.
 */
export function normalVersion(text: string): string | null {
  const [, numbers, named = '', plain = ''] = otherForms.exec(text.trim().toLowerCase()) ?? []
  if (numbers === undefined) return null
  return named === '' && plain === '' ? numbers : `${numbers}-${named}${plain}`
}
const otherForms = new RegExp(
  `^v?(${release})(?:-(${prerelease})|\\.?(?=[a-z])(${prerelease}))?(?:\\+[0-9a-z.-]*)?$`,
)
/** A SHA-256 in lower-case hexadecimal. */
export const digestPattern = /^[0-9a-f]{64}$/
/** The guest's user that a box is logged in to as. */
export const userPattern = /^[a-z_][a-z0-9_-]{0,31}$/
