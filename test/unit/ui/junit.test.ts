import { expect, it } from 'vitest'
import { junitReport } from '../../../src/ui/junit.ts'

const passed = { name: 'box=debian/12', ms: 1500, failure: null, output: '' }

it('counts what failed apart from what could not be tried', () => {
  expect(
    junitReport('posada run: make', [
      passed,
      { ...passed, name: 'b', failure: { kind: 'failure', message: 'exit code 7' }, output: 'end\n' },
      { ...passed, name: 'c', failure: { kind: 'error', message: 'no box' } },
    ]),
  ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="posada run: make" time="4.500">
  <testsuite name="posada run: make" tests="3" failures="1" errors="1" skipped="0" time="4.500">
    <testcase classname="posada run: make" name="box=debian/12" time="1.500">
    </testcase>
    <testcase classname="posada run: make" name="b" time="1.500">
      <failure message="exit code 7"/>
      <system-out>end
</system-out>
    </testcase>
    <testcase classname="posada run: make" name="c" time="1.500">
      <error message="no box"/>
    </testcase>
  </testsuite>
</testsuites>
`)
})

it('is well-formed whatever a guest writes', () => {
  const output = '\u001b[31m<b>&"\u0000\u0007]]>\ud800 \ufffe\u{1f600}'
  const text = junitReport('a"b\n<', [{ ...passed, output }])
  expect(text).toContain(
    '<system-out>&lt;b&gt;&amp;&quot;\ufffd\ufffd]]&gt;\ufffd \ufffd\u{1f600}</system-out>',
  )
  expect(text).toContain('classname="a&quot;b&#10;&lt;"')
})
