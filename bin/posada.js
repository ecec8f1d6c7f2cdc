#!/usr/bin/env node
// The launcher. It answers what needs no program (the version, a Node that is too old, a build that
// is missing) and otherwise starts dist/main.cjs. Plain JavaScript that old versions of Node can read,
// and CommonJS (package.json beside it): Node starts its loader of modules for nothing else.
const { existsSync, readFileSync } = require('node:fs')
const { dirname, join } = require('node:path')

const root = dirname(__dirname)
const main = join(root, 'dist', 'main.cjs')
const argv = process.argv.slice(2)

function fail(message) {
  process.stderr.write(`error: ${message}\n`)
  process.exitCode = 1
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`posada needs Node.js 20 or newer; this is ${process.version}`)
} else if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
  process.stdout.write(`posada ${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}\n`)
} else if (!existsSync(main)) {
  fail(`posada is not built: ${main} is missing; run: npm --prefix '${root}' run build`)
} else {
  require(main).start(argv, root)
}
