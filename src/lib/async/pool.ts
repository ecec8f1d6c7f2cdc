/**
 * Does `work` for each item, at most `limit` at a time. The first failure stops it from beginning
 * more; it rejects with that once what had begun has ended.
 */
export async function pool<T>(
  limit: number,
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  let failed = false
  let failure: unknown
  const fail = (error: unknown) => {
    if (!failed) failure = error
    failed = true
  }
  try {
    for await (const item of items) {
      if (failed) break
      const one = work(item)
        .catch(fail)
        .finally(() => running.delete(one))
      running.add(one)
      if (running.size >= limit) await Promise.race(running)
    }
  } catch (error) {
    fail(error)
  }
  await Promise.all(running)
  if (failed) throw failure
}
