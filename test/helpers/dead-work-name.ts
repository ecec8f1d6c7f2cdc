/** The middle of a name that `workName` would give in a process that has ended: no system gives this number. */
export const deadWork = `999999999-00-${'0'.repeat(8)}`
