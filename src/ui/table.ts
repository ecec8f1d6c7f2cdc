import type { Paint } from './colour.ts'
import { displayWidth, onOneLine, padTo } from './text.ts'

export interface Column<Row> {
  title: string
  text: (row: Row) => string
  /** Colours a cell, after it was filled up. */
  paint?: (row: Row) => Paint
  /** Numbers stand at the right. */
  align?: 'left' | 'right'
}

/** Rows as columns that stand under each other, each line ended by a line feed. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], head: Paint): string {
  const cells = rows.map((row) => columns.map((column) => onOneLine(column.text(row))))
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((line) => displayWidth(line[index] ?? ''))),
  )
  const fill = (text: string, index: number) => {
    const width = widths[index] ?? 0
    if (columns[index]?.align === 'right') return ' '.repeat(width - displayWidth(text)) + text
    return index === columns.length - 1 ? text : padTo(text, width)
  }
  const title = columns.map((column, index) => head(fill(column.title, index)))
  const body = rows.map((row, at) =>
    columns.map((column, index) => {
      const cell = fill(cells[at]?.[index] ?? '', index)
      return column.paint === undefined ? cell : column.paint(row)(cell)
    }),
  )
  return [title, ...body].map((line) => `${line.join('  ').trimEnd()}\n`).join('')
}
