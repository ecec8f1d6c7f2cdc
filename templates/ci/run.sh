#!/bin/sh
# A CI job without a service: installs posada and runs a command in a throw-away machine.
#   ./run.sh make test
# POSADA_PACKAGE says what npm installs instead of ./posada.tgz.
# What npm installs globally goes to ~/.local where this user may not write elsewhere.
set -eu
if [ $# -eq 0 ]; then
  echo 'usage: run.sh PROGRAM [ARGUMENT...]' >&2
  exit 2
fi

if ! [ -w "$(npm prefix --global)/lib" ]; then
  npm_config_prefix=$HOME/.local
  export npm_config_prefix
fi
PATH=$(npm prefix --global)/bin:$PATH
npm install --global --no-audit --no-fund "${POSADA_PACKAGE:-./posada.tgz}"
sh "$(npm root --global)/posada/templates/ci/setup.sh"
exec posada run --wait --junit reports/posada.xml -- "$@"
