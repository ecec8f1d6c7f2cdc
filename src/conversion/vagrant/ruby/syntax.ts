/** What the parser makes of the part of Ruby that it knows. */
export type Expression =
  | { type: 'value'; value: string | number | boolean | null }
  | { type: 'text'; parts: (string | Expression)[] }
  | { type: 'list'; items: Expression[] }
  | { type: 'hash'; entries: [Expression, Expression][] }
  | { type: 'range'; from: Expression; to: Expression; exclusive: boolean }
  /** A variable or a constant, or a method without arguments. */
  | { type: 'name'; name: string }
  | Call
  | { type: 'index'; target: Expression; key: Expression }
  | { type: 'binary'; operator: string; left: Expression; right: Expression }
  | { type: 'choice'; condition: Expression; yes: Expression; no: Expression }
  | { type: 'not'; of: Expression }
  /** Known, and only to be told by running it: backticks, regular expressions, lambdas. */
  | { type: 'opaque'; text: string }

export interface Call {
  type: 'call'
  target: Expression | null
  name: string
  /** `key: value` at the end is one hash. */
  args: Expression[]
  block: Block | null
  line: number
}

export interface Block {
  params: string[]
  body: Statement[]
}

export type Statement = { line: number } & (
  | { type: 'assign'; target: Expression; operator: string; value: Expression }
  | { type: 'expression'; expression: Expression }
  /** Not followed: a condition, a definition, or what the parser does not know. */
  | { type: 'skipped'; why: string; assigned: string[] }
)
