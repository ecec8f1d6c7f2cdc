import type { Machine } from '../../manifest/index.ts'

const single = 'default'
/** RFC 1035, 2.3.4. */
const longest = 63

/** What a guest calls itself: its machine's name, but the project's where the file describes one machine without a name. */
export function hostNameOf({ name, group }: Pick<Machine, 'name' | 'group'>, project: string): string {
  if (group !== single) return name
  const number = name.slice(single.length)
  return project.slice(0, longest - number.length).replace(/-+$/, '') + number
}
