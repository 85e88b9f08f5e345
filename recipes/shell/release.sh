#!/bin/sh
# Protects an app, waits for it, fetches the output and publishes it.
#
#   release.sh <file> <dev|staging|prod> [<backend>[,<backend>...]]
#
# APPTOOL_URL and APPTOOL_INTEGRITY say where the program comes from (docs/ci.md); it is installed into a folder of its own, which is removed at the end.
# Credentials come from the environment; the receipts are protect.json, download.json and publish.json, and those of an earlier run are kept
# beside them. Prints the path of the protected app, and ends with apptool's exit code. It starts a new build each time; apptool's last lines say how to continue with the running one.
# Protection removes the signature. The output is signed with the tenant's default key, or with the key that APPTOOL_SIGNING_KEY names.
set -eu

file=${1:?'release.sh <file> <environment> [<backends>]'}
environment=${2:?'release.sh <file> <environment> [<backends>]'}
targets=${3-}
output=${file%.*}-protected.${file##*.}

now=$(date -u +%Y%m%dT%H%M%SZ)
for name in protect download publish; do
  if [ -e "$name.json" ]; then mv -- "$name.json" "$name.until-$now.json"; fi
done

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

# Runs apptool, and retries twice at most after 6 (unavailable; nothing of yours is running).
apptool() {
  for pause in 60 60 0; do
    code=0
    run "$@" || code=$?
    if [ "$code" != 6 ] || [ "$pause" = 0 ]; then break; fi
    echo "release.sh: again in $pause s" >&2
    sleep "$pause" & wait "$!"
  done
  return "$code"
}

# 9 and the others: apptool has said what to do. A script must not start a second build.
stop() {
  if [ "$1" = 9 ]; then echo "release.sh: something may have landed; look at the backend before this is run again" >&2; fi
  exit "$1"
}

apptool protect --environment "$environment" --detach --receipt protect.json -- "$file" >&2 || stop $?

for waited in 1 2 3; do
  code=0
  apptool wait -- protect.json >&2 || code=$?
  if [ "$code" != 7 ]; then break; fi
  echo "release.sh: still running after wait $waited" >&2
done
if [ "$code" != 0 ]; then stop "$code"; fi

code=11
# 11: the output was not what it should be; download it once more.
for _ in 1 2; do
  if [ "$code" != 11 ]; then break; fi
  code=0
  apptool download --output "$output" --force --receipt download.json -- protect.json >&2 || code=$?
done
if [ "$code" != 0 ]; then stop "$code"; fi

if [ -n "$targets" ]; then
  apptool publish --to "$targets" --receipt publish.json -- "$output" >&2 || stop $?
fi
echo "$output"
