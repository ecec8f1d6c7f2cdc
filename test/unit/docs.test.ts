import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../src/lib/files/package-root.ts'
import { generatedDocuments } from '../../tools/docs.ts'

// The documents are this test's file snapshots: `npm run docs` runs it with --update.
test.each(await generatedDocuments())('$path is what the code says', async ({ path, text }) => {
  await expect(text).toMatchFileSnapshot(join(packageRoot(), path))
})
