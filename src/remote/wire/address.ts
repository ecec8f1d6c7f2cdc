import { PosadaError } from '../../errors/index.ts'

/** Another computer, as ssh(1) is told of it; its name may be one of the user's ~/.ssh/config. */
export interface HostAddress {
  user?: string
  host: string
  port?: number
}

const form =
  /^(?:ssh:\/\/)?(?:([A-Za-z_][A-Za-z0-9._-]*)@)?([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?\/?$/

/**
 * `ssh://user@server:22` or `user@server`; user and port may be left out. What ssh(1) could take for an option is refused:
 * the text may come from a project's files. E_HOST_ADDRESS. Pure.
 */
export function parseHost(text: string): HostAddress {
  const [, user, host, digits] = form.exec(text) ?? []
  const port = digits === undefined ? undefined : Number(digits)
  if (host === undefined || port === 0 || (port ?? 1) > 65_535) {
    throw new PosadaError('E_HOST_ADDRESS', 'this is not the address of a host', {
      value: text.slice(0, 200),
      hint: 'write ssh://USER@SERVER, with :PORT where it is not 22',
    })
  }
  return {
    ...(user === undefined ? {} : { user }),
    host: host.replace(/^\[|\]$/g, ''),
    ...(port === undefined ? {} : { port }),
  }
}

/** The one way to write an address: `ssh://user@server:2222`. Pure. */
export function formatHost({ user, host, port }: HostAddress): string {
  const name = host.includes(':') ? `[${host}]` : host
  return `ssh://${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : `:${port}`}`
}
