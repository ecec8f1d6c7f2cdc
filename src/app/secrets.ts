import { readFile, stat } from 'node:fs/promises'
import { execa } from 'execa'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { shortestSecret } from '../lib/text/masking.ts'
import type { Secrets } from '../machine/index.ts'
import { readVariables } from '../manifest/index.ts'
import { secretUse } from './host-uses.ts'
import type { Trust } from './trust/agreed.ts'

export interface SecretInputs {
  /** The project's folder. */
  root: string
  env: NodeJS.ProcessEnv
  /** Whether a `.env` of another user is taken. */
  anyOwner: boolean
  trust: Trust
  signal: AbortSignal
}

/** Bytes: what Linux lets a variable have. Source: execve(2), MAX_ARG_STRLEN. */
const limit = 128 * 1024 - 256
/** Milliseconds that a command may take: it may ask for a password. */
const patience = 120_000

type ReadSecret = Secrets['readSecret']

/** Reads a sensitive value where the manifest says it is; a command runs only if the user has agreed to it. */
export async function readSecret(
  inputs: SecretInputs,
  place: Parameters<ReadSecret>[0],
  { name, step }: Parameters<ReadSecret>[1],
): Promise<string> {
  const fail: Fail = (problem, more = {}) =>
    new PosadaError(
      'E_PROVISION_SOURCE',
      `provision step ${step.name}: the sensitive value ${name} ${problem}`,
      {
        value: name,
        place: step.place,
        ...more,
      },
    )
  const value =
    'env' in place
      ? await fromVariable(place.env, inputs, fail)
      : 'path' in place
        ? await fromFile(place.path, fail)
        : await fromCommand(place.command, inputs, fail)
  if (value.includes('\0')) throw fail('has a NUL character, which a variable cannot hold')
  if (Buffer.byteLength(value) > limit) throw fail('is too long for a variable')
  if (value.length < shortestSecret)
    throw fail(`has fewer than ${shortestSecret} characters, and could not be hidden`, {
      hint: 'if it is not secret, write it under env',
    })
  return value
}

type Fail = (problem: string, more?: { hint?: string; details?: string[]; cause?: unknown }) => PosadaError

async function fromVariable(
  name: string,
  { root, env, anyOwner }: SecretInputs,
  fail: Fail,
): Promise<string> {
  const value = (await readVariables({ root, env, anyOwner }))(name)
  if (value === undefined)
    throw fail(`has no source: the variable ${name} is not set`, { hint: `set ${name}, here or in .env` })
  return value
}

async function fromFile(path: string, fail: Fail): Promise<string> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw fail(`cannot be read: ${path} is not a file`)
    if (found.size > limit) throw fail(`is too long for a variable: ${path}`)
    return withoutLineEnd(await readFile(path, 'utf8'))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR'))
      throw fail(`cannot be read: ${path} does not exist`, { cause: error })
    if (isErrno(error, 'EACCES', 'EPERM'))
      throw fail(`cannot be read: ${path}: permission denied`, { cause: error })
    throw error
  }
}

async function fromCommand(
  command: string,
  { root, env, trust, signal }: SecretInputs,
  fail: Fail,
): Promise<string> {
  await trust.require([await secretUse(command, root)])
  const { failed, stdout, stderr, exitCode, timedOut, isMaxBuffer } = await execa(
    '/bin/sh',
    ['-c', command],
    {
      cwd: root,
      env,
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      timeout: patience,
      maxBuffer: limit,
      stripFinalNewline: false,
      cancelSignal: signal,
    },
  )
  signal.throwIfAborted()
  if (isMaxBuffer) throw fail('is too long for a variable')
  if (timedOut) throw fail(`has no source: ${command} took longer than ${patience / 1000} s`)
  if (failed)
    throw fail(`has no source: ${command} ended with ${exitCode ?? 'a signal'}`, {
      details: stderr.trimEnd().split('\n').slice(-5),
      hint: 'run the command by hand to see what it wants',
    })
  return withoutLineEnd(stdout)
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
