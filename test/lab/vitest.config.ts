import { defineConfig } from 'vitest/config'

/** `npm run test:lab`: each test starts an outer machine, so they run by themselves and one after the other. */
export default defineConfig({
  root: '.',
  test: {
    name: 'lab',
    include: ['test/lab/*.test.ts', 'test/lab/lean/*.test.ts'],
    globalSetup: ['test/helpers/built.ts'],
    fileParallelism: false,
    reporters: ['verbose'],
  },
})
