#!/bin/bash
# run.sh [FILE...]: runs the end-to-end tests (all, or FILE), each file on a private mail host of its own (lab/enter.sh),
# as many at once as SHARDS says (2 a processor: they mostly wait). Prints what each said at its end; fails if one does.
#
# Needs what `npm run man` makes.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
shards=${SHARDS:-$((2 * $(nproc)))}

one() {
  local said status
  said=$(test/e2e/lab/enter.sh node --experimental-vm-modules node_modules/jest/bin/jest.js --runTestsByPath "$1" --verbose 2>&1)
  status=$?
  flock . printf '%s\n' "$said"
  return $status
}
export -f one

slowest='relay-closes maps login-logs broken-host relay maps-hindered five-minutes' # begun first, so that none of them is waited for alone at the end
[ $# -gt 0 ] || set -- $(printf 'dist/test/e2e/%s.test.js\n' $slowest) dist/test/e2e/*.test.js
test/e2e/lab/fetch.sh > /dev/null || true # once, not by each at the same time; enter.sh tells what is missing
printf '%s\n' "$@" | awk '!seen[$0]++' | xargs -P "$shards" -I FILE bash -c 'one FILE'
