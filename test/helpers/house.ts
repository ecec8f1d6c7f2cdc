import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { packageRoot } from '../../src/lib/files/package-root.ts'

const root = packageRoot()

/** Every file of the repository that git knows or would take, by its path from the root. */
export const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '')

/** The files whose paths fit, each with its text; those that were removed and not committed are left out. */
export function filesLike(pattern: RegExp): { path: string; text: string }[] {
  return tracked
    .filter((path) => pattern.test(path))
    .flatMap((path) => {
      try {
        return [{ path, text: readFileSync(join(root, path), 'utf8') }]
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
        throw error
      }
    })
}

/** Whether a line of source is one of a comment alone. */
export function isComment(line: string): boolean {
  return /^\s*(\/\/|\/\*\*|\*)/.test(line)
}

/** The lines of functions, methods and signatures with more parameters than `most`. */
export function longParameterLists(text: string, most: number): number[] {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022)
  const lines: number[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && node.parameters.length > most)
      lines.push(file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return lines
}

/** The statements of a file that are not `export … from`, by the line each begins in. */
export function ownStatements(text: string): number[] {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022)
  return file.statements
    .filter((one) => !(ts.isExportDeclaration(one) && one.moduleSpecifier !== undefined))
    .map((one) => file.getLineAndCharacterOfPosition(one.getStart(file)).line + 1)
}

/** Whether a file declares something of this name at its top level. */
export function declares(text: string, name: string): boolean {
  return declared(text).includes(name)
}

/** The names that a file declares at its top level, types aside. */
export function declared(text: string): string[] {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022)
  return file.statements
    .flatMap((one): readonly ts.NamedDeclaration[] => {
      if (ts.isVariableStatement(one)) return one.declarationList.declarations
      return ts.isFunctionDeclaration(one) || ts.isClassDeclaration(one) ? [one] : []
    })
    .flatMap(({ name }) => (name !== undefined && ts.isIdentifier(name) ? [name.text] : []))
}
