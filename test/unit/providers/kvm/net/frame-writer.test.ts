import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { socketPair } from '../../../../../providers/kvm/ffi/sockets.ts'
import { FrameWriter } from '../../../../../providers/kvm/net/frame-writer.ts'

it('writes to no file that has got the descriptor of its socket after that was closed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posada-writer-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [ours, its] = socketPair(2 ** 16)
  onTestFinished(() => closeSync(its))
  const socket = new Socket({ fd: ours })
  const writer = new FrameWriter(socket, ours)
  expect(writer.write([Buffer.alloc(20)], 20)).toBe(true)
  socket.destroy()
  // The lowest free number is given (open(2)), which is that of the socket or, where others were free, one below it.
  const path = join(folder, 'file')
  const files: number[] = []
  while (files.at(-1) !== ours && files.length < 1000) files.push(openSync(path, 'a'))
  onTestFinished(() => files.forEach(closeSync))
  expect(files.at(-1)).toBe(ours)
  expect(writer.write([Buffer.alloc(20)], 20)).toBe(true)
  expect(readFileSync(path, 'latin1')).toBe('')
})
