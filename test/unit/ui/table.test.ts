import { expect, it } from 'vitest'
import { renderTable } from '../../../src/ui/table.ts'

it('puts columns under each other, also with wide and unsafe text', () => {
  const rows = [
    { name: 'db', size: 5 },
    { name: '日本', size: 1000 },
    { name: 'evil\u001b[2J', size: 20 },
  ]
  const table = renderTable(
    rows,
    [
      { title: 'NAME', text: (row) => row.name },
      { title: 'SIZE', text: (row) => String(row.size), align: 'right' },
      { title: 'NOTE', text: (row) => (row.size > 10 ? 'large' : '') },
    ],
    (text) => text,
  )
  expect(table).toMatchInlineSnapshot(`
    "NAME         SIZE  NOTE
    db              5
    日本         1000  large
    evil\\x1b[2J    20  large
    "
  `)
})

it('keeps each row on one line, whatever is in its cells', () => {
  const rows = [{ what: 'a box\ndebian/12  20990101.1\tforged\r\nand more' }, { what: 'another' }]
  const table = renderTable(rows, [{ title: 'WHAT', text: ({ what }) => what }], (text) => text)
  expect(table.split('\n')).toEqual([
    'WHAT',
    'a box debian/12  20990101.1 forged\\x0d and more',
    'another',
    '',
  ])
})
