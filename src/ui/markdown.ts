import { makeVisible } from './text.ts'

/** A table in GitHub's Markdown; what stands in it is text and nothing else. Source: GitHub Flavored Markdown, 4.10. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |\n`
  return `${line(titles)}|${titles.map(() => '---').join('|')}|\n${rows.map(line).join('')}`
}

/** Every character that Markdown or HTML gives a meaning stands behind a backslash, or as an entity. */
function plain(text: string): string {
  return makeVisible(text)
    .replace(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_{}[\]()#+!|~>@-]/g, '\\$&')
}
