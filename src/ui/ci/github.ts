import { makeVisible } from '../text.ts'
import type { CiMarks } from './model.ts'

/** Source: GitHub Actions, "Workflow commands"; actions/toolkit, packages/core/src/command.ts (what is escaped). */
export const github: CiMarks = {
  begin: ({ title }) => `::group::${oneLine(title)}\n`,
  end: () => '::endgroup::\n',
  annotation: (level, { message, title, file, line, column }) => {
    const given = { title, file, line, col: column }
    const properties = Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${property(String(value))}`],
    )
    return `::${level}${properties.length === 0 ? '' : ` ${properties.join(',')}`}::${data(makeVisible(message))}\n`
  },
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

function oneLine(text: string): string {
  return makeVisible(text).replaceAll('\n', ' ')
}
