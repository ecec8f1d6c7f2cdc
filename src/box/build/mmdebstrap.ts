import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { type Arch, debianNames } from '../../lib/values/arch.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { ownNamespaces } from './own-namespaces.ts'
import { buildPath } from './requirements.ts'
import { resultName, stageName } from './stage.ts'

/** Lines of output that a failure shows. */
const shownLines = 15

/**
 * Runs mmdebstrap with the stage's image.sh as its hook; what that makes lands in
 * `<target>/posada-out`. As root it works in mode `root`, in a mount and process namespace of its own, otherwise in a
 * user namespace.
 */
export async function runMmdebstrap(options: {
  recipe: Recipe
  arch: Arch
  stage: string
  target: string
  /** mmdebstrap's folder for temporary files; in a user namespace its other ids write there. */
  tmp: string
  epoch: number
  sources: string[]
  emit: Emit
  step: string
  signal: AbortSignal
}): Promise<void> {
  const { recipe, emit, step } = options
  const lines: string[] = []
  const before = await ownNamespaces()
  const [program = '', ...rest] = [...before, 'mmdebstrap', ...mmdebstrapArguments(options)]
  const child = execa(program, rest, {
    reject: false,
    cancelSignal: options.signal,
    // In namespaces of its own nothing is left of it but files. Else it cleans up after SIGTERM, which takes its time.
    killSignal: before.length > 0 ? 'SIGKILL' : 'SIGTERM',
    forceKillAfterDelay: 20_000,
    stdin: 'ignore',
    buffer: false,
    env: {
      PATH: buildPath(),
      TMPDIR: options.tmp,
      SOURCE_DATE_EPOCH: String(options.epoch),
      LC_ALL: 'C.UTF-8',
    },
  })
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      emit({ type: 'output', stream, text, step })
      lines.push(...text.split(/\r?\n|\r/).filter((line) => line.trim() !== ''))
      lines.splice(0, Math.max(0, lines.length - shownLines))
    })
  const result = await child
  if (options.signal.aborted) throw options.signal.reason
  if (result.exitCode === 0) return
  throw new PosadaError(
    'E_BOX_BUILD',
    `making the root filesystem of ${recipe.name} failed (mmdebstrap: ${result.exitCode ?? result.signal ?? result.code})`,
    {
      value: recipe.name,
      details: lines,
      hint: hintFor(lines.join('\n')),
      cause: result.cause,
    },
  )
}

/** Pure: the command line. */
export function mmdebstrapArguments(options: {
  recipe: Recipe
  arch: Arch
  stage: string
  target: string
  sources: string[]
}): string[] {
  const { recipe } = options
  // With `extract` nothing is configured and customize hooks never run.
  const hook = recipe.variant === 'extract' ? '--extract-hook' : '--customize-hook'
  return [
    `--variant=${recipe.variant}`,
    `--architectures=${debianNames[options.arch].arch}`,
    // It would ask for the program arch-test; checkRequirements has looked already.
    '--skip=check/qemu',
    `--include=${recipe.packages.join(',')}`,
    '--format=null',
    '--aptopt=Acquire::Retries "3"',
    // The new root is thrown away when a build is cut short, so nothing in it has to be flushed.
    '--dpkgopt=force-unsafe-io',
    `${hook}=copy-in ${quote(options.stage)} /`,
    `${hook}=sh "$1/${stageName}/lib/image.sh" "$1"`,
    `${hook}=copy-out /${resultName} ${quote(options.target)}`,
    recipe.suite,
    '/dev/null',
    ...options.sources,
  ]
}

/** mmdebstrap splits its special hooks as a shell would. */
function quote(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}

function hintFor(output: string): string {
  if (/No space left/.test(output))
    return 'no space is left for temporary files; set TMPDIR to a folder with more space'
  if (/subuid|subgid|newuidmap|unshare/.test(output))
    return 'an ordinary user needs entries in /etc/subuid and /etc/subgid and unprivileged user namespaces; or build as root'
  if (/Could not resolve|Failed to fetch|Temporary failure|Unable to connect/.test(output))
    return 'Debian packages could not be downloaded; check the network and the proxy settings (http_proxy)'
  return 'see the last lines of its output above; posada box build shows all of it'
}
