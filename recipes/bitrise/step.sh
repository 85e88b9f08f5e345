#!/bin/bash
# The inputs of step.yml are variables of their names; Bitrise runs this as `bash step.sh`, in the folder of the checkout.
# At a step's `timeout` Bitrise kills this process alone, without a word (github.com/bitrise-io/bitrise, stepruncmd/timeoutcmd/timeoutcmd.go): give the step
# none, or one that is longer than everything apptool waits for.
set -euo pipefail

case "$command" in
  protect | upload | publish) operand=${file-} ;;
  status | wait | download) operand=${job-} ;;
  *) echo 'step.sh: command must be protect, upload, publish, status, wait or download' >&2; exit 2 ;;
esac
set --
if [ -n "${environment-}" ]; then set -- "$@" "--environment=$environment"; fi
if [ -n "${to-}" ]; then set -- "$@" "--to=$to"; fi
if [ -n "${output-}" ]; then set -- "$@" "--output=$output"; fi
if [ -n "${receipt-}" ]; then set -- "$@" "--receipt=$receipt"; fi
if [ -n "${timeout-}" ]; then set -- "$@" "--timeout=$timeout"; fi
while IFS= read -r line; do
  if [ -n "$line" ]; then set -- "$@" "$line"; fi
done <<< "${args-}"
export APPTOOL_URL=$url APPTOOL_INTEGRITY=$integrity
exec sh "${BASH_SOURCE[0]%/*}/apptool.sh" "$command" "$@" -- "$operand"
