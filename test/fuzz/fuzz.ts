import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'vitest'
import { Coverage, startCounting } from './coverage.ts'
import { mutated, type Random, randomOf } from './random.ts'
import { Source } from './source.ts'

/** What is done with an input; a failure is what it throws. */
export type Target = (source: Source) => void | Promise<void>

/**
 * FUZZ_SECONDS=60 looks for so long, guided by what of the code an input reaches; FUZZ_KEEP=1 then keeps in the corpus
 * what reaches something new. Otherwise the corpus is gone through and looked around for `leanly` milliseconds. SEED
 * repeats a run, FUZZ_INPUT (base64) one input.
 */
const seconds = Number(process.env.FUZZ_SECONDS ?? 0)
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32))
const leanly = 1500
const longest = 1024
/** Inputs between two looks at the coverage, which takes as long as some of them. */
const batch = 16

if (seconds > 0) startCounting()

/** A test that a target withstands: any input. */
export function fuzz(name: string, target: Target): void {
  it(name, { timeout: 60_000 + 2000 * seconds }, async () => {
    const given = process.env.FUZZ_INPUT
    if (given !== undefined) return await target(new Source(Buffer.from(given, 'base64')))
    const corpus = readCorpus(name)
    const random = randomOf(seed)
    if (seconds > 0) await search(name, target, { corpus, random })
    else await lookAround(target, { corpus, random })
  })
}

interface Search {
  corpus: Uint8Array[]
  random: Random
}

async function lookAround(target: Target, { corpus, random }: Search): Promise<void> {
  for (const input of corpus) await attempt(target, input)
  for (const end = performance.now() + leanly; performance.now() < end; )
    await attempt(target, mutated(random, corpus, longest))
}

async function search(name: string, target: Target, { corpus, random }: Search): Promise<void> {
  const coverage = new Coverage()
  const kept: Uint8Array[] = []
  const tryOne = async (input: Uint8Array) => {
    await attempt(target, input)
    if (coverage.isNew()) kept.push(input)
  }
  for (const input of corpus.splice(0)) await tryOne(input)
  corpus.push(...kept, new Uint8Array())
  let tries = 0
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; tries += batch) {
    const inputs = Array.from({ length: batch }, () => mutated(random, corpus, longest))
    for (const input of inputs) await attempt(target, input)
    if (!coverage.isNew({ forget: true })) continue
    const before = kept.length
    for (const input of inputs) await tryOne(input)
    corpus.push(...kept.slice(before))
  }
  process.stderr.write(`${name}: ${tries} inputs, ${kept.length} of them kept\n`)
  if (process.env.FUZZ_KEEP === '1') await keep(name, target, kept)
}

/** Those that are kept already, and what reaches something that those before it did not. */
async function keep(name: string, target: Target, inputs: readonly Uint8Array[]): Promise<void> {
  const coverage = new Coverage()
  coverage.isNew({ forget: true })
  const known = readCorpus(name)
  for (const input of known) await attempt(target, input)
  coverage.isNew()
  const lines = known.filter(({ length }) => length > 0).map((input) => Buffer.from(input).toString('base64'))
  for (const input of inputs) {
    await attempt(target, input)
    if (coverage.isNew() && input.length > 0) lines.push(Buffer.from(input).toString('base64'))
  }
  writeFileSync(corpusOf(name), `${lines.join('\n')}\n`)
}

async function attempt(target: Target, input: Uint8Array): Promise<void> {
  try {
    await target(new Source(input))
  } catch (error) {
    const smallest = await minimised(target, input, String(error))
    const again = `FUZZ_INPUT=${Buffer.from(smallest).toString('base64')}`
    throw new Error(`${String(error)}; SEED=${seed}; again: ${again}`, { cause: error })
  }
}

/** A shorter input that fails with the same words. */
async function minimised(target: Target, input: Uint8Array, said: string): Promise<Uint8Array> {
  const fails = async (bytes: Uint8Array) => {
    try {
      await target(new Source(bytes))
      return false
    } catch (error) {
      return String(error) === said
    }
  }
  let smallest = input
  for (let size = Math.ceil(input.length / 2); size > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at < smallest.length; ) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)])
      if (await fails(shorter)) smallest = shorter
      else at += size
    }
  }
  return smallest
}

/** An input a line, in base64. */
function readCorpus(name: string): Uint8Array[] {
  const path = corpusOf(name)
  const lines = existsSync(path) ? readFileSync(path, 'latin1').split('\n') : []
  return [new Uint8Array(), ...lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'base64'))]
}

function corpusOf(name: string): string {
  return join(import.meta.dirname, 'corpus', `${name.replaceAll(' ', '-')}.txt`)
}
