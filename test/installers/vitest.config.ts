import { defineConfig } from 'vitest/config'

/** `npm run test:installers`: a system's own installer, to its end; half an hour or more where guests are emulated. */
export default defineConfig({
  root: '.',
  test: {
    name: 'installers',
    include: ['test/installers/*.test.ts'],
    globalSetup: ['test/helpers/built.ts'],
    testTimeout: 3 * 3_600_000,
    hookTimeout: 600_000,
    reporters: ['verbose'],
  },
})
