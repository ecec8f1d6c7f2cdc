import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../../../src/lib/files/package-root.ts'

test('the package root is where the package.json, templates and boxes are', () => {
  expect(JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))).toMatchObject({
    name: 'posada',
  })
  expect(existsSync(join(packageRoot(), 'templates', 'default.yaml'))).toBe(true)
})
