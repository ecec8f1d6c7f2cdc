import type { Check } from './model.ts'

/** The programs that build boxes. Whoever only runs machines does without. */
export async function checkBoxTools(): Promise<Check[]> {
  return []
}
