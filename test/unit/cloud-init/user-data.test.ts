import { describe, expect, it } from 'vitest'
import { readUserData } from '../../../src/cloud-init/user-data.ts'

describe('readUserData', () => {
  it.each([
    ['#cloud-config\npackages: [nginx]\n', null],
    ['#cloud-config\n', null],
    ['#cloud-config\nuser: alice\n', 'alice'],
    ['#cloud-config\nuser: {name: alice, shell: /bin/sh}\n', 'alice'],
    ['#cloud-config\nuser: {shell: /bin/sh}\n', null],
    ['#!/bin/sh\nuser: alice\n', null],
    ['## template: jinja\n#cloud-config\n{% if %}', null],
    ['Content-Type: multipart/mixed; boundary="x"\n', null],
  ])('takes %j', (text, user) => expect(readUserData(text)).toEqual({ text, user }))

  it.each([
    ['packages: [nginx]\n', /first line/],
    ['', /first line/],
    ['#cloud-configuration\n', /first line/],
    ['#cloud-config\na: [1\n', /line 3 is not YAML/],
    ['#cloud-config\n- nginx\n', /not a mapping/],
    ['#cloud-config\nnginx\n', /not a mapping/],
    ['#cloud-config\nuser: "root -oX"\n', /cannot be the name/],
    ['#cloud-config\nuser: [a]\n', /cannot be the name/],
    ['#!/bin/sh\n\0', /binary/],
    [`#!/bin/sh\n${'x'.repeat(2 ** 20)}`, /characters/],
  ])('refuses %#', (text, problem) =>
    expect(readUserData(text)).toEqual({ problem: expect.stringMatching(problem), hint: expect.any(String) }),
  )

  it('is not kept busy by aliases of aliases', () => {
    const bomb = ['#cloud-config', 'a0: &a0 [x, x]']
    for (let i = 1; i < 40; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`)
    expect(readUserData(bomb.join('\n'))).toMatchObject({ user: null })
  })
})
