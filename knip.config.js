// What nothing uses: files, exports (of doors too), dependencies. Run by `npm run check:unused`.
import { commandLine, launcher, modules, processes } from './tools/entries.js'

export default {
  entry: [
    ...Object.values(modules),
    ...Object.values(processes),
    ...Object.values(launcher),
    commandLine,
    'src/commands/**/*.ts',
    // Runs in the browser.
    'src/dashboard/page/main.tsx',
    // The types of posada/test, for those who use it.
    'src/testing/contract.ts',
    // Started by path: from package.json, bin/test, tools/test-lab.sh or another test.
    'tools/*.js',
    'test/bench/run.ts',
    'test/bench/kvm/inside/main.ts',
    'test/helpers/{closing-line,disk-writer,sync-engine}.ts',
    'test/lab/vitest.config.ts',
    'test/lab/inside/**/*.{test,config}.ts',
    'test/fixtures/*/*.{ts,js}',
    'test/fixtures/posada-provider-acme/{index,guest}.js',
  ],
  project: ['src/**/*.{ts,tsx}', 'providers/**/*.ts', 'test/**/*.{ts,js}', 'tools/**/*.{ts,js}'],
  // A type that a public signature in its file names is as public as that. A door has no file of its own to use it in.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Programs of the system are not npm packages: `posada doctor` knows which are needed.
  exclude: ['binaries'],
}
