import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import type { FileStep } from '../../manifest/index.ts'
import { exec } from '../../ssh/index.ts'
import { markedArgument } from '../between-steps.ts'
import { removeLater } from '../clean.ts'
import type { Provisioner } from '../contract.ts'
import { digestOfData, digestOfFile } from '../digest.ts'
import { explainSource, stepError } from '../errors.ts'
import { StepOutput } from '../output.ts'
import { fileScript, folderScript } from './guest-scripts.ts'
import { readSource, type Source } from './source.ts'
import { writeTar } from './tar.ts'

/**
 * Puts a file, a folder or text into the guest, as root. A file takes the place of the old one by
 * one rename. A folder that is new there appears by one rename; one that exists keeps what else is
 * in it, and each file is replaced by a rename of its own. Symbolic links in a folder stay links. Where no
 * owner is given, a file belongs to whom the file it replaces belonged to, or else to the owner of
 * the nearest folder that was there.
 */
export const fileProvisioner: Provisioner<FileStep> = {
  async digest(step) {
    const source = await readSource(step)
    const { to, mode, owner, group } = step
    return digestOfData({
      kind: step.kind,
      to,
      mode,
      owner,
      group,
      source: await digestOfSource(step, source),
    })
  },

  async run(step, session, { emit, machine, mark, signal }) {
    const source = await readSource(step)
    const parent = posix.dirname(posix.normalize(step.to))
    const temporary = posix.join(parent, `.posada-${randomBytes(8).toString('hex')}.tmp`)
    const output = new StepOutput(emit, { step: step.name, machine })
    const script =
      source.kind === 'folder' ? folderScript(step, temporary) : fileScript(step, temporary, source)
    try {
      const result = await exec(session, ['/bin/sh', '-c', script, markedArgument(mark, step.name)], {
        user: 'root',
        stdin: content(step, source),
        stdout: output.stdout,
        stderr: output.stderr,
        ...(signal === undefined ? {} : { signal }),
      })
      if (result.code !== 0) throw stepError(step, machine, { ...result, lines: output.lastLines() })
    } catch (error) {
      await removeLater(session, temporary, 'root')
      throw source.kind === 'text' ? error : explainSource(step, source.path, error)
    }
  },
}

async function digestOfSource(step: FileStep, source: Source): Promise<unknown> {
  if (source.kind === 'text') return { content: source.content.toString('utf8') }
  try {
    if (source.kind === 'file') return { mode: source.mode, content: await digestOfFile(source.path) }
    const entries: unknown[] = []
    for (const { name, kind, mode, path, link } of source.entries) {
      entries.push({
        name,
        kind,
        mode,
        link,
        content: kind === 'file' ? await digestOfFile(path) : undefined,
      })
    }
    return { entries }
  } catch (error) {
    throw explainSource(step, source.path, error)
  }
}

function content(step: FileStep, source: Source): Readable | Buffer {
  if (source.kind === 'text') return source.content
  if (source.kind === 'file') return createReadStream(source.path)
  return Readable.from(writeTar(step, source.entries), { objectMode: false })
}
