import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PosadaError } from '../../../src/errors/index.ts'
import { errorDocument } from '../../../src/ui/error-json.ts'
import { renderError } from '../../../src/ui/errors.ts'

const plain = { colour: false, cwd: '/srv/shop' }

function placed(text: string, column: number, length?: number): PosadaError {
  const place = {
    file: '/srv/shop/posada.yaml',
    line: 12,
    column,
    text,
    ...(length === undefined ? {} : { length }),
  }
  return new PosadaError('E_VALUE_INVALID', 'wrong', { place })
}

/** Column (from 0) and width of the carets, and the line above, as a terminal shows them. */
function carets(error: PosadaError): { at: number; width: number; line: string } {
  const [, , , line = '', below = ''] = renderError(error, plain).split('\n')
  const indent = '12 | '.length
  const at = below.indexOf('^') - indent
  return { at, width: below.lastIndexOf('^') - indent - at + 1, line: line.slice(indent) }
}

describe('renderError', () => {
  it('shows message, code, place, line, caret, value and hint', () => {
    const error = new PosadaError('E_MACHINE_UNKNOWN', 'there is no such machine', {
      value: 'bd',
      place: {
        file: '/srv/shop/posada.yaml',
        line: 12,
        column: 18,
        text: '    depends_on: [${DB}]',
        length: 5,
      },
      hint: 'did you mean db?',
    })
    expect(renderError(error, plain)).toMatchInlineSnapshot(`
      "error: there is no such machine [E_MACHINE_UNKNOWN]
         --> posada.yaml:12:18
         |
      12 |     depends_on: [\${DB}]
         |                  ^^^^^
        value: bd
        hint: did you mean db?
      "
    `)
  })

  it('shows the machine, the details and what a guest tries to do to the terminal', () => {
    const error = new PosadaError('E_PROVISION_STEP', 'step postgres failed with exit code 100', {
      machine: 'db',
      details: [
        '\u001b[31mE: no such package\u001b[0m',
        'bell\u0007 \u001b]0;title\u0007 turned \u202e round',
      ],
    })
    expect(renderError(error, plain)).toMatchInlineSnapshot(`
      "error (db): step postgres failed with exit code 100 [E_PROVISION_STEP]
        | E: no such package
        | bell\\x07 \\x1b]0;title\\x07 turned \\u202e round
      "
    `)
  })

  it('shows every problem, those of problems too', () => {
    const inner = placed('  cpus: many', 9, 4)
    const middle = new PosadaError('E_MANIFEST_INVALID', 'one problem', { problems: [inner] })
    expect(
      renderError(new PosadaError('E_SEVERAL', '1 machine failed', { problems: [middle] }), plain),
    ).toMatchInlineSnapshot(`
      "error: 1 machine failed [E_SEVERAL]

      error: one problem [E_MANIFEST_INVALID]

      error: wrong [E_VALUE_INVALID]
         --> posada.yaml:12:9
         |
      12 |   cpus: many
         |         ^^^^
      "
    `)
  })

  it('puts the caret under what is meant, behind tabs and wide characters', () => {
    expect(carets(placed('\t\tbox: x', 8, 1))).toEqual({ at: 13, width: 1, line: '        box: x' })
    expect(carets(placed('name: 日本 box', 7, 2))).toMatchObject({ at: 6, width: 4 })
    expect(carets(placed('name: 日本 box', 10, 3))).toMatchObject({ at: 11, width: 3 })
    expect(carets(placed('e\u0301 box', 4, 3))).toMatchObject({ at: 2, width: 3 })
    expect(carets(placed('short', 200, 5))).toMatchObject({ at: 5, width: 1 })
  })

  it('names files outside of the working folder in full', () => {
    const error = new PosadaError('E_YAML', 'no YAML', {
      place: { file: '/srv/base.yaml', line: 1, column: 1 },
    })
    expect(renderError(error, plain)).toContain('--> /srv/base.yaml:1:1')
  })

  it('never sends a control character to the terminal, and always shows a caret', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 50 }),
        (text, column, length) => {
          const line = text.replaceAll('\n', ' ')
          const shown = renderError(
            new PosadaError('E_YAML', text, {
              value: text,
              hint: text,
              details: [text],
              place: { file: '/srv/x', line: 1, column, text: line, length },
            }),
            plain,
          )
          expect(shown.replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Cs}]/u)
          expect(shown).toMatch(/\^/)
        },
      ),
    )
  })
})

describe('errorDocument', () => {
  it('gives every field, with null for what is not known', () => {
    const problem = placed('cpus: many', 7, 4)
    const error = new PosadaError('E_MANIFEST_INVALID', 'the manifest has one problem', {
      problems: [problem],
    })
    expect(errorDocument(error)).toMatchInlineSnapshot(`
      {
        "error": {
          "code": "E_MANIFEST_INVALID",
          "details": [],
          "hint": null,
          "machine": null,
          "message": "the manifest has one problem",
          "place": null,
          "problems": [
            {
              "code": "E_VALUE_INVALID",
              "details": [],
              "hint": null,
              "machine": null,
              "message": "wrong",
              "place": {
                "column": 7,
                "file": "/srv/shop/posada.yaml",
                "length": 4,
                "line": 12,
                "text": "cpus: many",
              },
              "problems": [],
              "value": null,
            },
          ],
          "value": null,
        },
      }
    `)
  })
})
