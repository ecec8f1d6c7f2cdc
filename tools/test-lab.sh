#!/usr/bin/env bash
# npm run test:lab: every test of the built-in hypervisor in the lab. Installs what is missing; safe to run again. Arguments
# go to vitest.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/ensure.sh

ensure_node
ensure_packages "${lab_packages[@]}"
ensure_npm_packages
npm run --silent build
say 'boxes'
for box in posada/tiny debian/12 debian/13; do bin/posada.js box build "$box"; done
say 'lab'
exec npx vitest run --config test/lab/vitest.config.ts "$@"
