const width = 240
const height = 60
const slots = 60

/** Points of a line through values from 0 to `top`, the newest at the right. Pure. */
function points(values: readonly number[], top: number): string {
  return values
    .map((value, index) => {
      const x = ((slots - values.length + index) / (slots - 1)) * width
      const y = height - Math.min(1, Math.max(0, value / top)) * height
      return `${x.toFixed(1)},${y.toFixed(1)}`
    })
    .join(' ')
}

export interface Series {
  name: string
  values: readonly number[]
}

/** The last two minutes of one or two values, with what they are now in words. */
export function Graph({
  title,
  series,
  top,
  text,
}: {
  title: string
  series: readonly Series[]
  /** Null: the largest of them. */
  top: number | null
  text: (value: number) => string
}) {
  const most = top ?? Math.max(1, ...series.flatMap(({ values }) => values))
  const now = series.map(({ name, values }) => `${name} ${text(values.at(-1) ?? 0)}`.trim()).join(', ')
  return (
    <figure class="graph">
      <figcaption>
        {title} <span>{now}</span>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {series.map(({ name, values }, index) => (
          <polyline key={name} class={`line${index}`} points={points(values, most)} />
        ))}
      </svg>
    </figure>
  )
}

/** The same, small, of parts from 0 to 1. */
export function Spark({ values }: { values: readonly number[] }) {
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <polyline class="line0" points={points(values, 1)} />
    </svg>
  )
}
