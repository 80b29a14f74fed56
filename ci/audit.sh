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
rm -f "$directory"/report.{sentinel.jsonl,defender.jsonl,jira.csv,azure-boards.csv,teams.json,slack.json}

case "$(printf %s "${AUDIT_SUMMARY:-auto}" | tr -d '[:space:]')" in
  auto | true | counts | false) ;;
  *) echo "::error title=Azure audit::step-summary takes auto, true, counts or false, not '$AUDIT_SUMMARY'" && exit 2 ;;
esac

arguments=(scan --format json --output "$directory/report.json" --report "markdown=$directory/report.md")

# Every input may stand on one line or be a block of lines: `trimmed` takes away what YAML leaves around a value.
trimmed() {
  local text="${1#"${1%%[![:space:]]*}"}"
  printf %s "${text%"${text##*[![:space:]]}"}"
}
# option <option> <value>: nothing where the value is empty.
option() {
  local value
  value=$(trimmed "$2")
  if [ -n "$value" ]; then arguments+=("$1" "$value"); fi
}
# flag <option> <true or false>
flag() {
  case "$(trimmed "$2")" in
    true) arguments+=("$1") ;;
    false | "") ;;
    *) echo "::error title=Azure audit::${1#--} takes true or false, not '$2'" && exit 2 ;;
  esac
}
# each <option> <values>: once for each, which a line or a ; ends; names and paths may hold anything else.
each() {
  local value
  while IFS= read -r value; do
    option "$1" "$value"
  done <<<"${2//;/$'\n'}"
}
# further <lines>: a line that begins with - is words as a shell would see them, any other one argument.
further() {
  local line word words
  while IFS= read -r line; do
    line=$(trimmed "$line")
    if [ "${line#-}" = "$line" ]; then
      if [ -n "$line" ]; then arguments+=("$line"); fi
      continue
    fi
    words=$("$python" -c 'import shlex, sys; print(*shlex.split(sys.argv[1]), sep="\n")' "$line") || exit 2
    while IFS= read -r word; do arguments+=("$word"); done <<<"$words"
  done <<<"$1"
}

if [ -n "${AUDIT_FROM:-}" ]; then
  option --from "$AUDIT_FROM"
  arguments+=(--no-cache) # on a runner that stays, nothing is left in the home folder
else
  each --subscription "${AUDIT_SUBSCRIPTIONS:-}"
  option --management-group "${AUDIT_MANAGEMENT_GROUP:-}"
  option --credential "${AUDIT_CREDENTIAL:-}"
fi
each --with "${AUDIT_CODE:-}"
option --deploy-scope "${AUDIT_DEPLOY_SCOPE:-}"
select=${AUDIT_SELECT:-}
each --select "${select//[[:space:],]/;}" # no id, topic or glob holds a blank
option --fail-on "${AUDIT_FAIL_ON:-}"
flag --fail-on-unknown "${AUDIT_FAIL_ON_UNKNOWN:-}"
flag --require-complete "${AUDIT_REQUIRE_COMPLETE:-}"
option --baseline "${AUDIT_BASELINE:-}"
each --exemptions "${AUDIT_EXEMPTIONS:-}"
flag --policy-exemptions "${AUDIT_POLICY_EXEMPTIONS:-}"
option --source-root "${AUDIT_SOURCE_ROOT:-}"
option --sarif-category "${AUDIT_CATEGORY:-}"
formats=${AUDIT_FORMATS:-}
read -r -a formats <<<"${formats//[[:space:],;]/ }"
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
    ocsf | teams | slack) arguments+=(--report "$format=$directory/report.$format.json") ;;
    sentinel | defender) arguments+=(--report "$format=$directory/report.$format.jsonl") ;;
    jira | azure-boards) arguments+=(--report "$format=$directory/report.$format.csv") ;;
    json | markdown) ;; # always written
    *) arguments+=(--report "$format=$directory/report.$format") ;;
  esac
done
further "${AUDIT_ARGUMENTS:-}"

code=0
"$auditor" "${arguments[@]}" || code=$?

"$python" "$here/outputs.py" "$directory" "$code" >>"${GITHUB_OUTPUT:?}"
# Everyone reads the summary of a job in a public repository: there it has counts and no names, unless asked otherwise.
summary=$(trimmed "${AUDIT_SUMMARY:-auto}")
if [ "$summary" = auto ]; then
  case "${AUDIT_VISIBILITY:-}" in private | internal) summary=true ;; *) summary=counts ;; esac
fi
case "$summary" in
  true) if [ -s "$directory/report.md" ]; then cat "$directory/report.md" >>"${GITHUB_STEP_SUMMARY:?}"; fi ;;
  counts) "$python" "$here/summary.py" "$directory" >>"${GITHUB_STEP_SUMMARY:?}" ;;
esac
