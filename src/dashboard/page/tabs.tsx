import type { ComponentChildren } from 'preact'

export interface Tab {
  id: string
  title: string
  href: string
}

/** Tabs by the pattern of the ARIA Authoring Practices Guide: arrows go from one to the next. */
export function Tabs(options: { label: string; tabs: Tab[]; current: string; children: ComponentChildren }) {
  const { label, tabs, current, children } = options
  const go = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const index = tabs.findIndex(({ id }) => id === current)
    const next = tabs[(index + step + tabs.length) % tabs.length]
    if (next === undefined) return
    location.hash = next.href
    document.getElementById(`tab-${next.id}`)?.focus()
  }
  return (
    <>
      <div role="tablist" aria-label={label} class="tabs">
        {tabs.map(({ id, title, href }) => (
          <button
            type="button"
            role="tab"
            key={id}
            id={`tab-${id}`}
            aria-selected={id === current}
            aria-controls="panel"
            tabIndex={id === current ? 0 : -1}
            onClick={() => {
              location.hash = href
            }}
            onKeyDown={go}
          >
            {title}
          </button>
        ))}
      </div>
      <section role="tabpanel" id="panel" aria-labelledby={`tab-${current}`} key={current}>
        {children}
      </section>
    </>
  )
}
