import { manifestReference } from '../src/manifest/index.ts'

export interface GeneratedDocument {
  /** From the root of the repository. */
  path: string
  text: string
}

/**
 * The documents that are made from the code. `npm run docs` writes them; test/unit/docs.test.ts
 * fails where one is out of date.
 */
export function generatedDocuments(): GeneratedDocument[] {
  return [{ path: 'docs/manifest.md', text: manifestReference() }]
}
