// `npm run check`: every `check:…` of package.json at the same time, two at once where the host has two processors.
// What one of them wrote is shown when it has ended; the exit code is 1 where any failed.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const waiting = Object.keys(scripts).filter((name) => name.startsWith('check:'))

function run(name) {
  const begun = performance.now()
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => output.push(piece))
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const seconds = ((performance.now() - begun) / 1000).toFixed(1)
      process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`)
      if (code !== 0) {
        process.stdout.write(Buffer.concat(output))
        process.exitCode = 1
      }
      resolve(undefined)
    })
  })
}

async function work() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await run(name)
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
