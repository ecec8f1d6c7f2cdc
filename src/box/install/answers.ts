import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { InstallRecipe } from '../recipe/install-recipe.ts'

/** Bytes of an answer file. */
const answerLimit = 2 ** 20

/** What answers may say in place of values that are made for each box. */
export interface Filled {
  /** The user that is logged in as, and a line as in authorized_keys. */
  user: string
  key: string
}

/** The answer files of a recipe by name, with `@POSADA_KEY@` and `@POSADA_USER@` filled in. E_BOX_BUILD. */
export async function readAnswers(
  { dir, name, install, login }: InstallRecipe,
  filled: Filled,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  let asksForKey = false
  for (const answer of install.answers) {
    const text = await readAnswer(join(dir, answer))
    asksForKey ||= text.includes('@POSADA_KEY@')
    files.set(answer, Buffer.from(fill(text, filled), 'latin1'))
  }
  if (login === null || asksForKey) return files
  throw new PosadaError('E_BOX_BUILD', `no answer of ${name} lets Posada in as ${login.user}`, {
    value: install.answers.join(', '),
    hint: "put @POSADA_KEY@ into the user's authorized_keys in one of them, or leave `login` out",
  })
}

/** Bytes as they are: the file may be in any encoding. Pure. */
function fill(text: string, { user, key }: Filled): string {
  return text.replaceAll('@POSADA_KEY@', key).replaceAll('@POSADA_USER@', user)
}

async function readAnswer(path: string): Promise<string> {
  try {
    const found = await stat(path)
    if (found.isFile() && found.size <= answerLimit) return await readFile(path, 'latin1')
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
  throw new PosadaError('E_BOX_BUILD', `${path} is not a file of at most 1 MiB`, {
    value: path,
    hint: 'answers: names files beside recipe.yaml',
  })
}
