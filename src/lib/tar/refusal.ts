/** What whoever reads an archive throws where it is not as it should be: the archive is hostile, the words are theirs. */
export interface Refusal {
  /** `problem` stands behind a colon: `it ends with an extended header`. */
  refused(problem: string): Error
  truncated(): Error
}
