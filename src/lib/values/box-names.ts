/** One half of a box's name. */
export const boxNamePart = '[a-z0-9][a-z0-9._-]{0,63}'
/** Numbers with dots between them. */
export const boxVersionForm = '\\d{1,15}(?:\\.\\d{1,15}){0,7}'

/** `debian/12`. Joined to paths of the store, so that no name leads out of it. */
export const namePattern = new RegExp(`^${boxNamePart}/${boxNamePart}$`)
/** `20261122.1`. */
export const versionPattern = new RegExp(`^${boxVersionForm}$`)
/** A SHA-256 in lower-case hexadecimal. */
export const digestPattern = /^[0-9a-f]{64}$/
/** The guest's user that a box is logged in to as. */
export const userPattern = /^[a-z_][a-z0-9_-]{0,31}$/
