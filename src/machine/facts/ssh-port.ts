/** The port of the guest that SSH listens on, whatever the host's port is. */
export const SSH_GUEST_PORT = 22
