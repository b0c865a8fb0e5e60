#!/bin/sh
# A check by somebody else, in another language: is COMPONENT in the recipe?
set -u
end() {  # CODE REASON
  printf '%s' "$2" >/dev/termination-log
  exit "$1"
}

echo "--- The run ---"
echo "run $AICR_RUN_ID, phase $AICR_VALIDATOR_PHASE, at most $AICR_CHECK_TIMEOUT"
[ -s /var/run/secrets/kubernetes.io/serviceaccount/token ] || end 1 "this check has no account"

echo "--- Components of the recipe ---"
components=$(sed -n 's/^ *-* *name: *//p' "$AICR_VALIDATION_PATH")
[ -n "$components" ] || end 2 "the recipe has no component"
echo "$components"
echo "RESULT: $(echo "$components" | wc -l) components"
echo "$components" | grep -qx "$1" || end 1 "the recipe has no component $1"
