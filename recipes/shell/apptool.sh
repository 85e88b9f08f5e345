#!/bin/sh
# Installs apptool outside the checkout, and runs it once: for a CI whose own retries do not look at the exit code.
#
#   exec sh ci/apptool.sh <command> [<flag or operand>...]
#
# Copy it to ci/apptool.sh. APPTOOL_URL and APPTOOL_INTEGRITY say where the program comes from (docs/ci.md); APPTOOL_NPMRC names a file with the token for
# that address, if it needs one. npm reads no other settings of the user. It ends with apptool's exit code, and with 6
# if apptool could not be installed and nothing was sent. After 6 (unavailable; nothing of yours is running) it retries twice
# at most, and only in the first ten minutes, so a job's limit is one run and a quarter of an hour.
# A CI signals only this process, or its whole group. Either way apptool gets the signal, and ends first.
set -u

case "${APPTOOL_URL-}" in
  https://* | http://127.0.0.1:* | file:/*) ;;
  *) echo 'apptool.sh: APPTOOL_URL must be the https address of the tarball' >&2; exit 2 ;;
esac
case "$APPTOOL_URL" in *[!0-9A-Za-z:/._~%@+=-]*) echo 'apptool.sh: APPTOOL_URL must be a plain address' >&2; exit 2 ;; esac
case "${APPTOOL_INTEGRITY-}" in
  *[!0-9A-Za-z+/=-]*) echo 'apptool.sh: APPTOOL_INTEGRITY must be sha512-…' >&2; exit 2 ;;
  sha512-*) ;;
  *) echo 'apptool.sh: APPTOOL_INTEGRITY must be sha512-…' >&2; exit 2 ;;
esac

child=
signals=0
# Counted, because a signal ends `wait` before its time.
hand_on() {
  signals=$((signals + 1))
  if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null; fi
}
trap hand_on HUP INT TERM

# Runs a program to its end, in the background: a shell acts on a signal only between its commands and in `wait`.
run() {
  seen=$signals
  "$@" &
  child=$!
  # One that came before the child was known.
  if [ "$seen" != "$signals" ]; then kill -TERM "$child" 2>/dev/null; fi
  seen=$signals
  code=0
  wait "$child" || code=$?
  while [ "$seen" != "$signals" ]; do
    seen=$signals
    again=0
    wait "$child" || again=$?
    # 127: it was waited for already.
    if [ "$again" != 127 ]; then code=$again; fi
  done
  child=
}

stop_if_cancelled() {
  if [ "$signals" != 0 ]; then exit 143; fi
}

tool=$(mktemp -d) || exit 3
trap 'rm -rf "$tool"' EXIT
lock='{"lockfileVersion":3,"packages":{"":{"dependencies":{"apptool":"%s"}},"node_modules/apptool":{"resolved":"%s","integrity":"%s"}}}'
printf '{"dependencies":{"apptool":"%s"}}' "$APPTOOL_URL" > "$tool/package.json"
printf "$lock" "$APPTOOL_URL" "$APPTOOL_URL" "$APPTOOL_INTEGRITY" > "$tool/package-lock.json"
for pause in 20 60 0; do
  run sh -c 'cd "$1" && exec npm ci --ignore-scripts --no-audit --no-fund --userconfig "${APPTOOL_NPMRC:-/dev/null}" >&2' sh "$tool"
  stop_if_cancelled
  if [ "$code" = 0 ]; then break; fi
  if [ "$pause" = 0 ]; then
    echo 'apptool.sh: apptool could not be installed; nothing was sent' >&2
    exit 6
  fi
  run sleep "$pause"
  stop_if_cancelled
done

# A version manager goes by the folder that it is asked in.
node=$(cd "$tool" && node -p process.execPath) || exit 6
began=$(date +%s)
for pause in 60 60 0; do
  run "$node" "$tool/node_modules/apptool/bin/apptool.js" "$@"
  ended=$code
  if [ "$ended" != 6 ] || [ "$pause" = 0 ] || [ "$signals" != 0 ] || [ $(($(date +%s) - began)) -ge 600 ]; then break; fi
  echo "apptool.sh: again in $pause s" >&2
  run sleep "$pause"
  stop_if_cancelled
done
if [ "$ended" = 9 ]; then echo 'apptool.sh: something may have landed; look at the backend before this is run again' >&2; fi
exit "$ended"
