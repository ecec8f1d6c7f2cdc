import { defineConfig } from 'vitest/config'

/** For the tests that run inside the lab, under emulation: everything takes ten times as long. */
export default defineConfig({
  root: '.',
  test: {
    include: ['test/lab/inside/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 300_000,
    reporters: ['verbose'],
  },
})
