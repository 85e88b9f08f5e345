#!/bin/sh
# Releases an app as the config says (docs/release.md): protect, check, publish; all of it, or the half before or after a gate.
#
#   release-by-config.sh <receipt> <release> <file>              all of it
#   release-by-config.sh <receipt> <release> <file> protect      up to the protected file, <name>-protected.<ext>
#   release-by-config.sh <receipt> <release> <file> publish      from there on; downloads the protected file if it is missing
#
# The same line resumes where the last run stopped, from the receipt. Keep it between runs, outside the checkout, and give each file its own.
# APPTOOL_URL and APPTOOL_INTEGRITY say where the program comes from (docs/ci.md); it is installed into a folder of its own, which is removed at the end.
# Credentials come from the environment, and each half needs only its own. Ends with apptool's exit code, and prints a line for each step.
set -eu

usage='release-by-config.sh <receipt> <release> <file> [protect|publish]'
receipt=${1:?"$usage"}
release=${2:?"$usage"}
file=${3:?"$usage"}
case "${4-}" in
  '') set -- ;;
  protect) set -- --until protected ;;
  publish) set -- --from publish ;;
  *) echo "$usage" >&2; exit 2 ;;
esac

# Outside the checkout, because a checkout could decide which npm and node run.
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
lock='{"lockfileVersion":3,"packages":{"":{"dependencies":{"apptool":"%s"}},"node_modules/apptool":{"resolved":"%s","integrity":"%s"}}}'
printf '{"dependencies":{"apptool":"%s"}}' "${APPTOOL_URL:?}" > "$tool/package.json"
printf "$lock" "$APPTOOL_URL" "$APPTOOL_URL" "${APPTOOL_INTEGRITY:?}" > "$tool/package-lock.json"
(cd "$tool" && npm ci --ignore-scripts --no-audit --no-fund --userconfig "${APPTOOL_NPMRC:-/dev/null}" >&2 && ln -s "$(node -p process.execPath)" node) || exit 6

# Runs apptool once. Passes on a signal that only this shell gets, and apptool ends first. A signal that both get counts once.
run() {
  "$tool/node" "$tool/node_modules/apptool/bin/apptool.js" "$@" &
  child=$!
  trap 'kill -INT "$child" || :' INT
  trap 'kill -TERM "$child" || :' TERM
  code=0
  wait "$child" || code=$?
  # A signal ends `wait`, and not apptool yet.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  trap 'exit 130' INT
  trap 'exit 143' TERM
  return "$code"
}

output=${file%.*}-protected.${file##*.}
# Retries twice at most after 6 (unavailable; nothing of yours is running) and 7 (still running). Nothing is sent twice.
for pause in 60 60 0; do
  code=0
  run release --resume "$receipt" --output "$output" "$@" -- "$release" "$file" || code=$?
  case "$code" in 6 | 7) ;; *) break ;; esac
  if [ "$pause" = 0 ]; then break; fi
  echo "release-by-config.sh: again in $pause s" >&2
  sleep "$pause" & wait "$!"
done
exit "$code"
