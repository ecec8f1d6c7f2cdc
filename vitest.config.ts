import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import LongestFirst from './test/helpers/longest-first.ts'

// `unit` never boots a machine. `cli` runs the built command line. `machines` boots guests; `lab` is the part of
// the hypervisor's lab that each run has, `npm run test:lab` is all of it. Of these two together one file more runs at a
// time than there are processors: a guest that boots keeps one busy, one that is up none, and tests wait for limits that
// pass and processes that end. Otherwise the projects run one after the other, so that nothing else takes the processors
// from a guest.
const guests = availableParallelism() + 1

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/fuzz/*.test.ts'],
          testTimeout: 20_000,
          // Half of its time went into loading the same modules for each file.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'cli',
          include: ['test/cli/**/*.test.ts'],
          globalSetup: ['test/helpers/built.ts'],
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'machines',
          include: ['test/contract/**/*.test.ts', 'test/integration/**/*.test.ts'],
          globalSetup: ['test/helpers/built.ts'],
          maxWorkers: guests,
          testTimeout: 180_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/lean/*.test.ts'],
          globalSetup: ['test/helpers/built.ts'],
          maxWorkers: guests,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
