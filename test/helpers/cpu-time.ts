/**
 * Seconds of processor time that `work` takes, of this process with all its threads: what else the host does has
 * little say in it.
 */
export async function cpuSeconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
