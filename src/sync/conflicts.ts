import type { Conflict, Resolution } from './types.ts'

/** The paths of a pair that both sides changed, in order. */
export async function listConflicts(_stateDir: string): Promise<Conflict[]> {
  return []
}

/**
 * Records how the conflicts that patterns name (gitignore(5)) are settled, and returns how many they are. The next
 * reconciliation carries it out; what loses goes to the trash.
 */
export async function resolveConflicts(
  _stateDir: string,
  _choice: Resolution,
  _patterns: readonly string[],
): Promise<number> {
  return 0
}
