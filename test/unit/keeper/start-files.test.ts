import { expect, test } from 'vitest'
import { readStartFiles } from '../../../src/keeper/start-files.ts'

const mark = 'posada-start-files\n'
const sums = '123 571 /etc/bash.bashrc 456 3526 /home/posada/.bashrc'
const written = (...steps: string[]) =>
  `${sums}\n${mark}${[...steps, '+ :'].map((step) => `${step}\n`).join('')}${mark}${sums}\n`

test('a shell that reads no files', () => {
  expect(readStartFiles(mark)).toEqual({ files: '', sums: '' })
})

test.each([
  [[]],
  [['+ case $- in', '+ return']],
  [["+ '[' -z '' ']'", '+ return', '+ [[ hBc != *i* ]]', '+ return']],
])('files that only look whether someone types: %j', (steps) => {
  expect(readStartFiles(written(...steps))).toEqual({ files: '/etc/bash.bashrc "$HOME/.bashrc"', sums })
})

test.each([
  [['+ . /home/posada/.cargo/env', '++ case ":${PATH}:" in']],
  [["+ export 'A=b'", '+ A=b']],
  [['++ date', "+ A='Sat Nov 28'"]],
  [["+ '[' -f /opt/env ']'"]],
  [['+ case $(cat) in']],
  [['+ return; date']],
  [['an error of bash']],
])('files of which more can depend: %j', (steps) => {
  expect(readStartFiles(written(...steps))).toBeNull()
})

test('files that change meanwhile, and names that are not plain', () => {
  expect(readStartFiles(written().replace('571', '572'))).toBeNull()
  expect(readStartFiles(written().replaceAll('posada/', '"; reboot; "/'))).toBeNull()
  expect(readStartFiles('')).toBeNull()
})
