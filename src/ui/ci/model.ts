/** How the log of a CI service is marked up; each text ends with a line feed where it is one. */
export interface CiMarks {
  /** What folds the lines up to the end of a section of this name. */
  begin(section: { name: string; title: string; at: number }): string
  end(section: { name: string; at: number }): string
  /** A line that the service shows beside the log; null where it has nothing of the kind. */
  annotation: ((level: 'error' | 'warning', note: Annotation) => string) | null
}

export interface Annotation {
  message: string
  title?: string
  /** A path relative to the repository. */
  file?: string
  line?: number
  column?: number
}
