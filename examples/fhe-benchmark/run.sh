#!/usr/bin/env bash
# Runs the workload in a checkout of the harness: installs the submission, then each size, or those that are named.
#
#   ./run.sh HARNESS [squares|relu] [0 1 2 3]
set -euo pipefail
example="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
harness="${1:?usage: $0 HARNESS [squares|relu] [SIZE...]}"
network="${2:-squares}"
shift $(($# < 2 ? $# : 2))
"$example/install.sh" "$harness" "$network"
cd "$harness"
for size in "${@:-0 1 2 3}"; do
  for each in $size; do python3 harness/run_submission.py "$each" --seed 3; done
done
