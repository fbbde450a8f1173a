#!/bin/sh
# For tests in Go, Python or any other language: starts a control plane in memory on a free port,
# runs the given command with KUBECONFIG set, and ends the control plane, whatever became of it.
#
#   examples/any-language.sh go test ./...
#
# ORDINAL names the command to start it with; the default is that of this checkout.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
ordinal=${ORDINAL:-"node $here/../bin/ordinal.js"}
data=$(mktemp -d)
finish() {
  $ordinal down --data-dir "$data" --wipe >/dev/null 2>&1 || true
  rm -rf "$data"
}
trap finish EXIT
trap 'exit 130' INT TERM
$ordinal up --data-dir "$data" --port 0 --nodes 0 --durability memory --detach >/dev/null
export KUBECONFIG="$data/kubeconfig"
"$@"
