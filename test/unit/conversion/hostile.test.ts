import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { convert } from '../../../src/conversion/index.ts'
import { isPosadaError } from '../../../src/errors/index.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'
import { converted, vagrant } from '../../helpers/conversion.ts'

const refused = (name: string, text: string) =>
  expect(() => convert({ name, text, folder: '.' })).toThrow(
    expect.objectContaining({ code: 'E_CONVERSION' }),
  )

test('nothing of a Vagrantfile is run', async () => {
  const marker = join(await temporaryFolder(onTestFinished), 'marker')
  const { text, leftOut } = await vagrant(`
  system("touch '${marker}'")
  \`touch '${marker}'\`
  %x(touch '${marker}')
  File.write('${marker}', 'x')
  IO.popen(["touch", "${marker}"])
  exec "touch '${marker}'"
  spawn("touch '${marker}'")
  eval("File.write('${marker}', 'x')")
  load '${marker}.rb'
  require_relative '${marker}'
  Kernel.send(:system, "touch '${marker}'")
  open("|touch '${marker}'") { |f| f.read }
  config.vm.box = \`touch '${marker}'; echo debian/12\`
  config.vm.hostname = "#{\`touch '${marker}'\`}"
  config.vm.provision "shell", inline: "echo #{File.write('${marker}', 'x')}"
  config.trigger.before(:up) { |t| t.ruby { system("touch '${marker}'") } }
  at_exit { system("touch '${marker}'") }
  BEGIN { system("touch '${marker}'") }`)
  expect(existsSync(marker)).toBe(false)
  expect(
    text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n'),
  ).toBe('\nversion: 1\nbox: debian/12\n')
  expect(leftOut.filter(({ what }) => what.includes(marker))).toHaveLength(18)
})

describe('what would take without end ends', () => {
  const loops = (depth: number, body: string) =>
    Array.from({ length: depth }, (_, level) => `(1..256).each do |i${level}|`).join('\n') +
    `\n${body}\n${'end\n'.repeat(depth)}`

  test('loops in loops', async () => {
    const { leftOut } = await vagrant(loops(6, 'config.vm.define "m#{i0}-#{i1}-#{i2}"'))
    expect(leftOut).toContainEqual(expect.objectContaining({ reason: 'the file has too many loops' }))
  })

  test('texts and lists that double', async () => {
    const doubling = `s = "ab"\na = [1]\n100.times do\n  s = s + s\n  a = [a, a]\nend\nconfig.vm.hostname = s`
    const { leftOut } = await vagrant(doubling)
    expect(leftOut).toContainEqual(
      expect.objectContaining({
        what: 'config.vm.hostname = s',
        reason: 'its value is not known without running it',
      }),
    )
  })

  test.each([
    ['a range', 'config.vm.hostname = (1..10**18).to_a.size'],
    ['times', '1_000_000_000.times { |i| config.vm.define "m#{i}" }'],
    ['closed brackets', `x = ${'['.repeat(2000)}${']'.repeat(2000)}`],
    ['parentheses', `x = ${'('.repeat(5000)}1${')'.repeat(5000)}`],
    ['blocks', `${'[1].each do |x|\n'.repeat(2000)}${'end\n'.repeat(2000)}`],
    ['negations', `x = ${'!'.repeat(40_000)}1`],
    ['texts in texts', `x = ${'"#{'.repeat(500)}1${'}"'.repeat(500)}`],
    ['calls', `config${'.vm'.repeat(10_000)}.box = "x"`],
    ['conditions', `x = ${'true ? '.repeat(5000)}1${' : 2'.repeat(5000)}`],
    ['ifs', `${'if a\n'.repeat(5000)}${'end\n'.repeat(5000)}`],
    ['sums', `x = 1${' + 1'.repeat(10_000)}\nconfig.vm.hostname = "h#{x}"`],
  ])('%s', async (_name, body) => {
    expect((await vagrant(body)).manifest.machines.length).toBeLessThanOrEqual(250)
  })

  test.each([
    ['heredocs', `Vagrant.configure("2") { }\n${'x = <<-A\nA\n'.repeat(40_000)}`],
    ['a heredoc that does not end', 'Vagrant.configure("2") do |c|\nx = <<-A\nend\n'],
    ['a text that does not end', 'Vagrant.configure("2") do |c|\n c.vm.box = "abc\nend\n'],
    ['a character that Ruby does not know', 'Vagrant.configure("2") do |c|\n @ \nend\n'],
    ['brackets that are not closed', `Vagrant.configure("2") do |c|\n${'['.repeat(20_000)}\nend\n`],
  ])('%s', (_name, text) => refused('Vagrantfile', text))
})

describe('other kinds are bounded, too', () => {
  const bomb = (depth: number) =>
    Array.from(
      { length: depth },
      (_, n) => `x-${n}: &b${n} [${n === 0 ? 'a' : `*b${n - 1},`.repeat(9).slice(0, -1)}]`,
    ).join('\n')

  test.each([
    ['an alias bomb', 'compose.yaml', `${bomb(12)}\nservices: {web: {environment: *b11}}\n`],
    ['deep nesting', 'compose.yaml', `services: ${'['.repeat(5000)}\n`],
    ['deep JSON', 'devcontainer.json', `{"name": ${'{"a":'.repeat(5000)}`],
    ['a merge of itself', 'compose.yaml', 'services: &a\n  <<: *a\n'],
    ['comments that do not end', 'devcontainer.json', `{${',/*'.repeat(50_000)}`],
    ['commas', 'devcontainer.json', `{"a": [${', /**/'.repeat(50_000)}]}`],
    ['several documents', 'lima.yaml', 'images: []\n---\nimages: []\n'],
    ['NUL', 'compose.yaml', 'services: {web: {image: "a\0b"}}\n'],
    ['no service', 'compose.yaml', 'services: {}\n'],
    ['a list', 'compose.yaml', '[services]\n'],
    ['cloud-config that is not YAML', 'cloud-config', '#cloud-config\na: [\n'],
    ['nothing of the kind', 'notes.txt', 'services are what we offer\n'],
  ])('%s', (_name, file, text) => refused(file, text))

  test('a kind that is not known lists those that are', () => {
    expect(() => convert({ name: 'Makefile', text: 'all:\n', folder: '.' })).toThrow(
      expect.objectContaining({
        code: 'E_CONVERSION',
        hint: 'supported files: Vagrantfile, devcontainer.json, cloud-config, compose.yaml, lima.yaml',
      }),
    )
  })

  test('many services, ports and variables are cut', async () => {
    const ports = Array.from({ length: 300 }, (_, n) => `"${n + 1000}:80"`).join()
    const env = Array.from({ length: 700 }, (_, n) => `A${n}: 1`).join()
    const services = Array.from({ length: 300 }, (_, n) => `  s${n}: {image: a}`).join('\n')
    const { manifest } = await converted(
      'compose.yaml',
      `services:\n  a: {ports: [${ports}], environment: {${env}, "b c": 1}}\n${services}\n`,
    )
    expect(manifest.machines).toHaveLength(250)
    expect(manifest.machines[0]?.ports).toHaveLength(200)
    expect(Object.keys(manifest.machines[0]?.env ?? {})).toHaveLength(500)
  })
})

test('what a file says never leaves its comment or its value', async () => {
  const { text, manifest } = await converted(
    'devcontainer.json',
    JSON.stringify({
      'x\nbox: evil/1': 1,
      image: 'a\u2028b\u0085box: evil/2',
      containerEnv: { A: '"\\\n{B:-x} $$ $', C: '\u0000DEL\ud800\u001b[31m' },
      postCreateCommand: 'a\r\nb: |\n\n  c   \n#d\n\t',
    }).replace('DEL', '\\u007f'),
  )
  expect(manifest.machines[0]).toMatchObject({
    box: 'debian/12',
    env: { A: '"\\\n{B:-x} $$ $', C: '\u001b[31m' },
  })
  expect(text).not.toMatch(/^(?!#).*evil/m)
})

test('whatever is made of pieces of Ruby is refused or valid', async () => {
  const pieces = fc.constantFrom(
    ...'config .vm .box = "x" \'y\' #{ } do |c| end { ( ) [ ] , : => if unless while case when else \n \n ; << <<-A A'.split(
      ' ',
    ),
    ...[
      '\n',
      'x',
      '1',
      '..',
      'each',
      ':sym',
      'key: ',
      '?',
      '||',
      '%w[',
      '/',
      '\\',
      '`',
      '%q(',
      'config.vm.network "private_network", ip: "10.0.0.1"\n',
      'config.vm.provision "shell", inline: "',
      'ENV["A"]',
      'def f',
      '=begin\n',
      '\n=end\n',
      '__END__',
    ],
  )
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 40 }), async (parts) => {
      try {
        await vagrant(parts.join(' '))
      } catch (error) {
        if (!isPosadaError(error, 'E_CONVERSION')) throw error
      }
    }),
    { numRuns: 300 },
  )
})
