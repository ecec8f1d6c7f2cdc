/** What Ansible is told by its environment, before any ansible.cfg. Source: Ansible, "Configuration Settings". */
export const settings = {
  ANSIBLE_NOCOLOR: '1',
  ANSIBLE_RETRY_FILES_ENABLED: 'False',
  PYTHONUNBUFFERED: '1',
  // It refuses to run where the locale is not UTF-8.
  LC_ALL: 'C.UTF-8',
}

/** An inventory of one machine, as JSON, which is YAML. Source: Ansible, "How to build your inventory". */
export function inventory({
  machine,
  groups,
  vars,
}: {
  machine: string
  groups: readonly string[]
  vars: Record<string, unknown>
}): string {
  const children = Object.fromEntries(groups.map((group) => [group, { hosts: { [machine]: {} } }]))
  return JSON.stringify({ all: { hosts: { [machine]: vars }, children } })
}
