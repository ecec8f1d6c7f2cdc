import { describe, expect, it } from 'vitest'
import { findCommand, unknownCommand } from '../../../src/cli/find-command.ts'

const ids = new Set(['up', 'status', 'box:list', 'box:add', 'completion'])
const commands = [...ids].map((id) => ({ id }))

describe('findCommand', () => {
  it.each([
    [['up', 'web'], 'up', ['web']],
    [['box', 'list', '--json'], 'box:list', ['--json']],
    [['--json', 'box', 'list'], 'box:list', ['--json']],
    [['-f', 'up', 'status'], 'status', ['-f', 'up']],
    [['--file=x', '--debug', 'up', 'a'], 'up', ['--file=x', '--debug', 'a']],
    [['up', 'box', 'list'], 'up', ['box', 'list']],
  ])('%j', (argv, id, rest) => {
    expect(findCommand(argv, ids)).toMatchObject({ id, argv: rest })
  })

  it('names the group of a command that is not complete', () => {
    expect(findCommand(['box'], ids)).toMatchObject({ id: null, topic: 'box' })
    expect(findCommand(['box', 'lst'], ids)).toMatchObject({ id: null, topic: null })
  })
})

describe('unknownCommand', () => {
  it.each([
    [['stats'], "there is no command 'stats'", 'did you mean: posada status?'],
    [['box', 'lst'], "there is no command 'box lst'", 'did you mean: posada box list?'],
    [['box', 'frobnicate'], "there is no command 'box frobnicate'", 'posada box --help lists the commands'],
    [['frobnicate'], "there is no command 'frobnicate'", 'posada --help lists the commands'],
    [['--verbose'], 'there is no flag --verbose without a command', 'posada --help lists the commands'],
  ])('%j', (argv, message, hint) => {
    expect(unknownCommand(argv, commands)).toMatchObject({ code: 'E_USAGE', message, hint })
  })
})
