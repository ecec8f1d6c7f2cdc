import type { ExitCode } from './exit-code.ts'

/** What goes wrong between this host and a guest that is up. Part of the table in codes.ts. */
export const guestCodes = {
  // SSH, copying, provisioning
  E_SSH_CONNECT: { exit: 1, means: 'No SSH connection could be made.' },
  E_SSH_AUTH: { exit: 1, means: 'The guest refused the key.' },
  E_SSH_HOST_KEY: { exit: 1, means: 'The guest presented a host key that differs from the recorded one.' },
  E_SSH_LOST: { exit: 1, means: 'The SSH connection was lost.' },
  E_COPY: { exit: 1, means: 'A file could not be copied.' },
  E_SYNC_BUSY: { exit: 1, means: 'Another process is syncing these two folders.' },
  E_SYNC_ROOT: {
    exit: 1,
    means: 'A synced folder is missing, was emptied or is somewhere else now; nothing was deleted.',
  },
  E_SYNC_GUEST: { exit: 1, means: 'Syncing failed in the guest, or the guest lacks a tool for it.' },
  E_PROVISION_STEP: { exit: 1, means: 'A provision step failed.' },
  E_PROVISION_TIMEOUT: { exit: 1, means: 'A provision step took longer than its timeout.' },
  E_PROVISION_SOURCE: { exit: 1, means: 'The file or script of a provision step cannot be read.' },
  E_HOOK: { exit: 1, means: 'A hook failed, or took longer than its timeout.' },
  E_ANSIBLE_MISSING: {
    exit: 1,
    means: 'An ansible step found no ansible-playbook, neither on this computer nor in the guest.',
  },
  E_PUPPET_MISSING: { exit: 1, means: 'A puppet step found no puppet in the guest.' },
  E_STEP_UNKNOWN: { exit: 2, means: 'The machine has no provision step of this name.' },
} as const satisfies Record<string, { exit: ExitCode; means: string }>
