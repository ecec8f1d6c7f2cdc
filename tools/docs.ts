import { manifestReference, manifestSchema } from '../src/manifest/index.ts'
import { comingFrom } from './coming-from.ts'
import { commandReference } from './command-reference.ts'
import { errorReference } from './error-reference.ts'

export interface GeneratedDocument {
  /** From the root of the repository. */
  path: string
  text: string
}

/**
 * The documents that are made from the code. `npm run docs` writes them; test/unit/docs.test.ts
 * fails where one is out of date.
 */
export async function generatedDocuments(): Promise<GeneratedDocument[]> {
  return [
    { path: 'docs/manifest.md', text: manifestReference() },
    { path: 'docs/commands.md', text: await commandReference() },
    { path: 'docs/errors.md', text: errorReference() },
    { path: 'posada.schema.json', text: `${JSON.stringify(manifestSchema(), null, 2)}\n` },
    { path: 'docs/coming-from.md', text: comingFrom() },
  ]
}
