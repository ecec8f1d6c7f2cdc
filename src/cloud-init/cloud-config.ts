import { isMap, isScalar, type Pair, parseDocument } from 'yaml'
import { yamlExcess } from '../lib/text/yaml-bounds.ts'

/** Why cloud-init would not take it. */
export interface UserDataProblem {
  problem: string
  hint: string
}

const namePattern = /^[a-z_][a-z0-9_-]{0,31}$/

/** The names that a cloud-config gives to its default user: none, one, or, in a template, several. */
export function usersOfCloudConfig(text: string): string[] | UserDataProblem {
  const excess = yamlExcess(text)
  if (excess !== null) return { problem: `it ${excess}`, hint: 'move data into separate files' }
  const document = parseDocument(text, { version: '1.1', logLevel: 'silent' })
  const [error] = document.errors
  if (error !== undefined) {
    const { line } = error.linePos?.[0] ?? { line: 1 }
    return {
      problem: `line ${line} is not YAML: ${error.message.split('\n')[0]?.replace(/ at line.*/, '')}`,
      hint: 'a cloud-config is YAML: a mapping of keys such as packages and runcmd',
    }
  }
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) return []
  if (!isMap(contents))
    return { problem: 'it is not a mapping', hint: 'write keys such as packages: and runcmd:' }
  return usersAmong(contents.items)
}

/** What no name is, and stands for what a template has filled in. */
const filledIn = 'FILLED-IN'
const closings: Record<string, string> = { '{': '}}', '%': '%}', '#': '#}' }

/**
 * The same of a template, which is not YAML before the guest has filled it in: all branches are read. What is not YAML
 * without its statements is taken as it is.
 * Source: cloud-init, "Instance metadata", templates; Jinja, "Template Designer Documentation", delimiters.
 */
export function usersOfTemplate(text: string): string[] | UserDataProblem {
  const plain = withoutStatements(text)
  if (yamlExcess(plain) !== null) return []
  const document = parseDocument(plain, { version: '1.1', logLevel: 'silent', uniqueKeys: false })
  const { contents, errors } = document
  return errors.length === 0 && isMap(contents) ? usersAmong(contents.items) : []
}

function withoutStatements(text: string): string {
  let plain = ''
  let from = 0
  for (const { index, 1: kind = '' } of text.matchAll(/\{([{%#])/g)) {
    if (index < from) continue
    const closing = closings[kind] ?? ''
    const end = text.indexOf(closing, index + 2)
    if (end < 0) break
    plain += text.slice(from, index) + (kind === '{' ? filledIn : '')
    from = end + closing.length
  }
  return plain + text.slice(from)
}

function usersAmong(items: readonly Pair[]): string[] | UserDataProblem {
  const names: string[] = []
  for (const { key, value } of items) {
    if (!isScalar(key) || key.value !== 'user') continue
    const written: unknown = isMap(value) ? value.get('name') : isScalar(value) ? value.value : value
    if (written === undefined && isMap(value)) continue
    if (typeof written === 'string' && namePattern.test(written)) names.push(written)
    else return wrongName(written)
  }
  return names
}

function wrongName(written: unknown): UserDataProblem {
  if (typeof written === 'string' && written.includes(filledIn))
    return {
      problem: 'the name of its user is only known in the guest',
      hint: 'write the name itself after user:, because Posada logs in as that user',
    }
  return {
    problem: `${JSON.stringify(written)?.slice(0, 60)} cannot be the name of its user`,
    hint: 'user: takes lower-case letters, digits, _ and -',
  }
}
