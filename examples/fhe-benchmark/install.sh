#!/usr/bin/env bash
# Puts the submission into a checkout of the harness (github.com/fhe-benchmarking/ml-inference): replaces its folders
# `submission` and `scripts`, as submitters do, by programs that call the stages here.
#
#   ./install.sh HARNESS [squares|relu]
set -euo pipefail
example="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd -- "$example/../.." && pwd)"
if [ $# -lt 1 ] || [ ! -d "$1/harness" ]; then
  echo "usage: $0 HARNESS [squares|relu], HARNESS: a checkout of the benchmark, with the folder harness" >&2
  exit 2
fi
harness="$(cd -- "$1" && pwd)"
network="${2:-squares}"

rm -rf "$harness/submission" "$harness/scripts"
mkdir -p "$harness/submission/build" "$harness/scripts"
cp "$example/README.md" "$harness/submission/README.md"

# The library needs none of what the reference implementation fetches; the harness calls both scripts before each run.
printf '#!/usr/bin/env bash\n' > "$harness/scripts/get_openfhe.sh"
cat > "$harness/scripts/build_task.sh" <<SCRIPT
#!/usr/bin/env bash
# Compiles the plans, once.
set -euo pipefail
ls "$harness"/submission/plans/$network-*.hep >/dev/null 2>&1 ||
  node "$root/scripts/launch.mjs" examples/fhe-benchmark/build.ts --network $network -o "$harness/submission/plans"
SCRIPT

for stage in client_key_generation client_preprocess_input client_encode_encrypt_input server_preprocess_model \
  server_encrypted_compute client_decrypt_decode client_postprocess; do
  cat > "$harness/submission/build/$stage" <<SCRIPT
#!/usr/bin/env bash
export HEPC_NETWORK=$network HEPC_PLANS="$harness/submission/plans"
export NODE_COMPILE_CACHE="$harness/submission/build/cache"
exec "$root/node_modules/.bin/node" --disable-warning=ExperimentalWarning "$example/stages/main.ts" $stage "\$@"
SCRIPT
done
chmod +x "$harness"/scripts/*.sh "$harness"/submission/build/client_* "$harness"/submission/build/server_*
echo "installed in $harness: python3 harness/run_submission.py SIZE"
