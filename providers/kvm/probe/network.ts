import type { ProbeReport } from '../../../src/provider/index.ts'

/** A probe's report with what passt has to do with it, which may come and go at any time. Pure. */
export function withNetwork(report: ProbeReport, hasPasst: boolean): ProbeReport {
  if (!report.usable || hasPasst) return report
  return {
    ...report,
    reason: `${report.reason}; without passt its machines have no network, and SSH goes over vsock`,
    hint: 'for a network: sudo apt-get install passt',
    packages: ['passt'],
  }
}
