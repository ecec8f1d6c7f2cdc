/** The number of the user whom this process acts for; the system's list of users may not have it. */
export function userId(): number {
  return process.geteuid?.() ?? 0
}

/** The number of the user who became root by sudo or doas; null: this is not root, or root by other means. */
export function sudoUserId(env: NodeJS.ProcessEnv = process.env): number | null {
  const id = Number(env.SUDO_UID ?? '0')
  return userId() === 0 && Number.isSafeInteger(id) && id > 0 ? id : null
}

/** Whether this user may go by what such a user wrote: it is they themselves, root, or who called sudo. */
export function isTrustedOwner(id: number): boolean {
  return id === 0 || id === userId() || id === sudoUserId()
}
