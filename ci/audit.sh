#!/usr/bin/env bash
# One audit for the GitHub action: options from AUDIT_* variables, reports into a folder, outputs and job summary for the
# workflow. Ends with 0 whatever the audit says; the output `exit-code` has what it ended with.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
environment="${RUNNER_TEMP:?}/auditor-environment/bin"
auditor=${AUDIT_COMMAND:-$environment/auditor}
python=${AUDIT_PYTHON:-$environment/python}
directory=${AUDIT_DIRECTORY:-$RUNNER_TEMP/auditor-report}

mkdir -p "$directory"
rm -rf "$directory/sarif" "$directory"/report.{json,md,sarif,html,xml,csv,ocsf.json}

arguments=(scan --format json --output "$directory/report.json" --report "markdown=$directory/report.md")

# option <option> <value>: nothing where the value is empty.
option() { if [ -n "$2" ]; then arguments+=("$1" "$2"); fi; }
# flag <option> <true or false>
flag() {
  case "$2" in
    true) arguments+=("$1") ;;
    false | "") ;;
    *) echo "::error title=Azure audit::${1#--} takes true or false, not '$2'" && exit 2 ;;
  esac
}
# each <option> <lines>: once for each line that is not empty; with option "", the lines themselves.
each() {
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    if [ -n "$line" ]; then
      if [ -n "$1" ]; then arguments+=("$1"); fi
      arguments+=("$line")
    fi
  done <<<"$2"
}

if [ -n "${AUDIT_FROM:-}" ]; then
  option --from "$AUDIT_FROM"
else
  each --subscription "${AUDIT_SUBSCRIPTIONS:-}"
  option --management-group "${AUDIT_MANAGEMENT_GROUP:-}"
  option --credential "${AUDIT_CREDENTIAL:-}"
fi
each --with "${AUDIT_CODE:-}"
option --deploy-scope "${AUDIT_DEPLOY_SCOPE:-}"
each --select "${AUDIT_SELECT:-}"
option --fail-on "${AUDIT_FAIL_ON:-}"
flag --fail-on-unknown "${AUDIT_FAIL_ON_UNKNOWN:-}"
flag --require-complete "${AUDIT_REQUIRE_COMPLETE:-}"
option --baseline "${AUDIT_BASELINE:-}"
each --exemptions "${AUDIT_EXEMPTIONS:-}"
flag --policy-exemptions "${AUDIT_POLICY_EXEMPTIONS:-}"
option --source-root "${AUDIT_SOURCE_ROOT:-}"
option --sarif-category "${AUDIT_CATEGORY:-}"
read -r -a formats <<<"${AUDIT_FORMATS:-}"
for format in ${formats[@]+"${formats[@]}"}; do # an empty list is an error in the bash of macOS
  case "$format" in
    sarif)
      if [ -n "${AUDIT_SPLIT:-}" ]; then
        arguments+=(--sarif-split "$directory/sarif" --sarif-split-by "$AUDIT_SPLIT")
      else
        arguments+=(--report "sarif=$directory/report.sarif")
      fi
      ;;
    junit) arguments+=(--report "junit=$directory/report.xml") ;;
    ocsf) arguments+=(--report "ocsf=$directory/report.ocsf.json") ;;
    json | markdown) ;; # always written
    *) arguments+=(--report "$format=$directory/report.$format") ;;
  esac
done
each "" "${AUDIT_ARGUMENTS:-}"

code=0
"$auditor" "${arguments[@]}" || code=$?

"$python" "$here/outputs.py" "$directory" "$code" >>"${GITHUB_OUTPUT:?}"
if [ "${AUDIT_SUMMARY:-true}" = true ] && [ -s "$directory/report.md" ]; then
  cat "$directory/report.md" >>"${GITHUB_STEP_SUMMARY:?}"
fi
