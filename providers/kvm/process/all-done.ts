/** Waits for all to end, whatever comes of them, so that nothing goes on after a failure; then fails as the first did. */
export async function allDone(works: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) {
    if (result.status === 'rejected') throw result.reason
  }
}
