import { expect, it } from 'vitest'
import { formatHost, parseHost } from '../../../../src/remote/wire/address.ts'

it.each([
  ['ssh://ana@build.example.com', { user: 'ana', host: 'build.example.com' }],
  ['ana@build:2222', { user: 'ana', host: 'build', port: 2222 }],
  ['ssh://build', { host: 'build' }],
  ['ssh://ana@[fd00::1]:22/', { user: 'ana', host: 'fd00::1', port: 22 }],
])('reads %s', (text, address) => {
  expect(parseHost(text)).toEqual(address)
  expect(parseHost(formatHost(parseHost(text)))).toEqual(address)
})

it.each([
  '',
  'ssh://',
  'ssh://-oProxyCommand=reboot',
  'ssh://-l@host',
  'ssh://ana:secret@host',
  'ssh://host/folder',
  'ssh://host:0',
  'ssh://host:70000',
  'https://host',
  'a b@host',
  'host;reboot',
])('refuses %j', (text) => {
  expect(() => parseHost(text)).toThrow(expect.objectContaining({ code: 'E_HOST_ADDRESS' }))
})
