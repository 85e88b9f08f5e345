#!/bin/sh
# Protects the app that an archive action of Xcode Cloud has signed; docs/xcode-cloud.md says what works there and what does not. Copy it to ci_scripts/, make
# it executable, and put recipes/shell/apptool.sh beside it: Xcode Cloud runs both from there.
# In the workflow's environment: APPTOOL_URL, APPTOOL_INTEGRITY (where the program comes from: docs/ci.md), NODE_URL and NODE_SHA256 (a tarball of
# https://nodejs.org/dist/ for macOS on arm64, and what its SHASUMS256.txt says), and APPTEGO_API_KEY as a secret.
set -eu

# Tags only, and only if there is a signed app: this script runs after each action, also after one that has failed.
if [ -z "${CI_TAG-}" ] || [ "${CI_XCODEBUILD_ACTION-}" != archive ] || [ "${CI_XCODEBUILD_EXIT_CODE:-1}" != 0 ]; then exit 0; fi
app=$(find "${CI_APP_STORE_SIGNED_APP_PATH:?}" -maxdepth 1 -name '*.ipa' | head -n 1)
if [ -z "$app" ]; then echo 'there is no signed app' >&2; exit 3; fi

# The image has no Node.js.
tools=$(mktemp -d)
curl --fail --silent --show-error --location --retry 3 --output "$tools/node.tar.gz" "${NODE_URL:?}"
echo "${NODE_SHA256:?}  $tools/node.tar.gz" | shasum -a 256 -c - >&2
tar -xzf "$tools/node.tar.gz" -C "$tools" --strip-components 1
export PATH="$tools/bin:$PATH"

# No file is kept, only the log: it gets the receipt as one line, for the next stage.
code=0
sh "${0%/*}/apptool.sh" protect --environment prod --detach --receipt "$tools/protect.json" -- "$app" || code=$?
if [ -e "$tools/protect.json" ]; then
  echo 'the receipt, in base64:'
  base64 < "$tools/protect.json" | tr -d '\n' && echo
fi
exit "$code"
