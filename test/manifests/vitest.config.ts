import { defineConfig } from 'vitest/config'

/** `npm run test:manifests`: each test brings machines up, so they run by themselves and one after the other. */
export default defineConfig({
  root: '.',
  test: {
    name: 'manifests',
    include: ['test/manifests/*.test.ts'],
    globalSetup: ['test/helpers/built.ts'],
    testTimeout: 2_400_000,
    hookTimeout: 600_000,
    reporters: ['verbose'],
  },
})
