import { makeVisible } from '../text.ts'
import type { CiMarks } from './model.ts'

const clear = '\u001b[0K'

/** Source: GitLab, "CI/CD job logs", custom collapsible sections. */
export const gitlab: CiMarks = {
  begin: ({ name, title, at }) =>
    `${clear}section_start:${seconds(at)}:${slug(name)}[collapsed=true]\r${clear}${makeVisible(title).replaceAll('\n', ' ')}\n`,
  end: ({ name, at }) => `${clear}section_end:${seconds(at)}:${slug(name)}\r${clear}\n`,
  annotation: null,
}

function seconds(at: number): number {
  return Math.floor(at / 1000)
}

/** Letters, digits, `_`, `.` and `-`. */
function slug(name: string): string {
  return name.replace(/[^\w.-]+/g, '_')
}
