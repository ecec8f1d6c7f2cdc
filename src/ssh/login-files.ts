/** What a login takes the user's groups, home, shell, environment and limits from. Source: pam_env(8), pam_limits(8). */
const files = [
  '/etc/passwd',
  '/etc/group',
  '/etc/environment',
  '/etc/default/locale',
  '/etc/security/*.conf',
  '/etc/security/*.d/*',
]

/**
 * Shell text that prints what those files are now, and behind them others, given as shell words: where it prints
 * something other than before, a session that was opened before is not like one that is opened now.
 */
export function loginFilesScript(others = ''): string {
  return `cksum ${files.join(' ')} ${others} 2>/dev/null`
}

/**
 * Shell words: those files with the folders they lie in. One of these is younger than a moment if a file was written to,
 * replaced, made or removed since.
 */
export const loginPaths = ['/etc', '/etc/default', '/etc/security', '/etc/security/*.d', ...files].join(' ')
