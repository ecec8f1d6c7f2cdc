/** What a guest sees behind address translation, whoever does it: QEMU's user network has these, passt is told them. */
export const userNetwork = {
  /** 10.0.2.0/24. */
  prefix: 24,
  address: '10.0.2.15',
  gateway: '10.0.2.2',
  /** Of all that answers there, always: a guest that was saved finds it again. */
  gatewayMac: '52:55:0a:00:02:02',
  dns: '10.0.2.3',
} as const

/** Names the gateway, and so this computer, where the guest may reach any of it. */
export const hostName = 'host.posada.internal'
