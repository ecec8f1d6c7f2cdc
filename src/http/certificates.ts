import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'

/**
 * The authorities to trust where SSL_CERT_FILE names further ones, as a company's own; null: those of
 * Node, to which NODE_EXTRA_CA_CERTS belongs.
 */
export async function trustedAuthorities(env: NodeJS.ProcessEnv): Promise<string[] | null> {
  const own = env.SSL_CERT_FILE ?? ''
  if (own === '') return null
  const files = [own, ...(env.NODE_EXTRA_CA_CERTS ? [env.NODE_EXTRA_CA_CERTS] : [])]
  return [...rootCertificates, ...(await Promise.all(files.map(readCertificates)))]
}

async function readCertificates(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR')) throw error
    throw new PosadaError('E_TRANSFER', `the certificates in ${file} cannot be read`, {
      value: file,
      hint: 'SSL_CERT_FILE and NODE_EXTRA_CA_CERTS must name PEM files of certificates',
      cause: error,
    })
  }
}
