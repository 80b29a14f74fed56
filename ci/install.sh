#!/usr/bin/env bash
# Installs auditor for the GitHub action into an environment of its own, with the versions it was tested with.
# Reads AUDIT_VERSION (what pip installs; empty for the action's own code) and AUDIT_PYTHON.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
environment="${RUNNER_TEMP:?}/auditor-environment"
"${AUDIT_PYTHON:-python3}" -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  --constraint "$root/constraints.txt" -- "${AUDIT_VERSION:-$root}"
"$environment/bin/auditor" --version
