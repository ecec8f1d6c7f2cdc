import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { asObject, isObject } from '../../lib/values/as-object.ts'

/** What to show a registry. A token stands for a login that was made before. */
export type Credentials =
  | { kind: 'basic'; user: string; password: string }
  | { kind: 'identity'; token: string }

interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>
  credHelpers?: Record<string, string>
  credsStore?: string
}

/**
 * The credentials that `docker login` left for a registry: in the credential helper that Docker's
 * config.json names for it or for all, else in that file. null: none. E_REGISTRY_AUTH where they cannot be read.
 * Source: Docker, docs/reference/commandline/login, "Credential stores" and "Credential helpers".
 */
export async function dockerCredentials(
  { registry, repository }: { registry: string; repository: string },
  env: NodeJS.ProcessEnv,
): Promise<Credentials | null> {
  const path = join(env.DOCKER_CONFIG ?? join(env.HOME ?? homedir(), '.docker'), 'config.json')
  const text = await readTextIfThere(path)
  if (text === null) return null
  const config = parseConfig(text, path)
  const entries = byFitness(config.auths ?? {}, registry, repository)
  const [helper = config.credsStore] = byFitness(config.credHelpers ?? {}, registry, repository)
  if (typeof helper === 'string' && helper !== '') {
    for (const name of namesOf(registry)) {
      const found = await askHelper(helper, name, { path, env })
      if (found !== null) return found
    }
  }
  // With a helper Docker leaves an empty entry behind, which says nothing.
  for (const entry of entries) {
    const found = fromEntry(entry, path)
    if (found !== null) return found
  }
  return null
}

/** A registry as credential helpers are asked for it: Docker's own by its old address. */
function namesOf(registry: string): string[] {
  return registry === 'docker.io'
    ? ['https://index.docker.io/v1/', ...dockerHosts]
    : [registry, `https://${registry}`]
}

const dockerHosts = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

/**
 * What is kept for a registry, under its host with or without scheme and path. podman's keys may name the repository or
 * what is above it, the longest of which comes first; a path that means another one comes last.
 * Source: docker/cli, ConvertToHostname; containers-auth.json(5).
 */
function byFitness<T>(table: Record<string, T>, registry: string, repository: string): T[] {
  const fitness = (path: string) => {
    if (/^(v[12])?$/.test(path)) return 0
    return `${repository}/`.startsWith(`${path}/`) ? path.length : -1
  }
  const hosts = registry === 'docker.io' ? dockerHosts : [registry]
  return Object.entries(table)
    .map(([key, value]) => {
      const [host = '', ...path] = key.replace(/^https?:\/\//, '').split('/')
      return { value, host, fit: fitness(path.filter((part) => part !== '').join('/')) }
    })
    .filter(({ host }) => hosts.includes(host))
    .sort((a, b) => b.fit - a.fit)
    .map(({ value }) => value)
}

function fromEntry(
  { auth, username, password, identitytoken }: NonNullable<DockerConfig['auths']>[string],
  path: string,
): Credentials | null {
  if (typeof identitytoken === 'string' && identitytoken !== '')
    return { kind: 'identity', token: identitytoken }
  if (typeof username === 'string' && typeof password === 'string' && username !== '')
    return { kind: 'basic', user: username, password }
  if (typeof auth !== 'string' || auth === '') return null
  const pair = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '')
  const colon = pair.indexOf(':')
  if (colon <= 0) throw unreadable(path, 'its credentials are not a user and a password')
  return { kind: 'basic', user: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

/** Runs `docker-credential-<helper> get`. Source: github.com/docker/docker-credential-helpers, "Development". */
async function askHelper(
  helper: string,
  name: string,
  { path, env }: { path: string; env: NodeJS.ProcessEnv },
): Promise<Credentials | null> {
  if (!/^[\w][\w.-]{0,63}$/.test(helper))
    throw unreadable(path, `${JSON.stringify(helper.slice(0, 64))} is not the name of a credential helper`)
  const program = `docker-credential-${helper}`
  const result = await execa(program, ['get'], {
    input: name,
    env,
    extendEnv: false,
    reject: false,
    timeout: 30_000,
    maxBuffer: 1_000_000,
  })
  if (/credentials not found/i.test(result.stdout)) return null
  const problem =
    result.code === 'ENOENT'
      ? 'it is not installed'
      : result.timedOut
        ? 'it did not answer'
        : `it ended with ${result.exitCode}`
  if (result.failed)
    throw new PosadaError('E_REGISTRY_AUTH', `${program} returned no credentials for ${name}: ${problem}`, {
      value: program,
      details: result.stderr.split('\n').slice(-5),
      hint: `${path} names it: log in again with docker login, or remove it there`,
    })
  const answer = parseHelperAnswer(result.stdout)
  if (answer === null) throw unreadable(program, 'its answer is not valid')
  return answer.user === '<token>'
    ? { kind: 'identity', token: answer.password }
    : { kind: 'basic', ...answer }
}

function parseHelperAnswer(text: string): { user: string; password: string } | null {
  const data = jsonOrNull(text)
  const { Username: user, Secret: password } = asObject(data)
  return typeof user === 'string' && typeof password === 'string' ? { user, password } : null
}

function parseConfig(text: string, path: string): DockerConfig {
  const data = jsonOrNull(text)
  if (!isObject(data)) throw unreadable(path, 'it is not JSON')
  return {
    auths: Object.fromEntries(
      Object.entries(asObject(data.auths)).filter(([, one]) => isObject(one)),
    ) as NonNullable<DockerConfig['auths']>,
    credHelpers: Object.fromEntries(
      Object.entries(asObject(data.credHelpers)).filter(([, one]) => typeof one === 'string'),
    ) as Record<string, string>,
    ...(typeof data.credsStore === 'string' ? { credsStore: data.credsStore } : {}),
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function unreadable(path: string, problem: string): PosadaError {
  return new PosadaError('E_REGISTRY_AUTH', `${path}: ${problem}`, {
    value: path,
    hint: 'docker login writes it again',
  })
}
