/** The port of the guest that SSH listens on, whatever the host's port is. */
export const sshGuestPort = 22
