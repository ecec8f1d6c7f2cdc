import { provider } from '../../providers/qemu/index.ts'
import { busyboxGuest } from '../helpers/busybox-guest.ts'
import { providerContract } from './provider-contract.ts'

providerContract('qemu', {
  makeProvider: (context) => provider.create(context),
  can: { pause: true, ready: true, media: true, switchNics: true, hostAccess: true, snapshot: true },
  makeGuest: async () => {
    const guest = await busyboxGuest()
    const boot = { kind: 'kernel' as const, ...guest }
    return {
      boot,
      asks: (ports) => ({ ...boot, cmdline: `${boot.cmdline} guest.host=${ports.join()}` }),
      deaf: { ...boot, cmdline: `${boot.cmdline} guest.deaf` },
      brief: { ...boot, cmdline: `${boot.cmdline} guest.then=poweroff` },
      memory: 256 * 1024 * 1024,
      echoPort: 7,
      says: 'guest is up',
      patience: 60_000,
    }
  },
})
