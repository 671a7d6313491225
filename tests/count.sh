#!/bin/sh
# SPDX-License-Identifier: MIT
# count.sh TESTLOG: reads meson's testlog.json and prints "N passed, N failed", counting cases: each
# TAP line of a program that prints TAP, one for any other. A case that was planned and never came
# (the program crashed) has failed; so has a program that ended badly without a failed case, and one
# that ran no case without saying why. Skipped cases are neither, and are counted beside.
# Before them comes what each failed case said, which meson does not show of a program that prints TAP.
# Exits 1 if something failed or nothing passed.
set -eu

if [ ! -s "$1" ]; then # no test ran
	echo '0 passed, 1 failed'
	exit 1
fi
jq -r '
. as $test
| (.stdout // "") | split("\n")
| reduce .[] as $line ({bad: false, said: []};
	if ($line | test("^(not )?ok\\b")) then .bad = ($line | startswith("not")) else . end
	| if .bad and $line != "" and (.said | length) < 60 then .said += [$line] else . end)
| .said[] | "\($test.name): \(.)"
' "$1"
jq -rs '
def lines: (.stdout // "") | split("\n");
def tally:
	[lines[] | select(test("^(not )?ok\\b"))] as $cases
	| ([lines[] | capture("^1\\.\\.(?<plan>[0-9]+)").plan | tonumber] | add) as $plan
	| ($cases | map(select(test("# *(skip|todo)"; "i"))) | length) as $skipped
	| ($cases | map(select(test("# *(skip|todo)"; "i") | not))) as $real
	| ($real | map(select(startswith("ok"))) | length) as $passed
	| (($real | length) - $passed) as $bad
	| ([($plan // 0) - ($cases | length), 0] | max) as $missing
	| (.result == "OK" or .result == "SKIP") as $fine
	| if ($cases | length) == 0 and $plan == null then
		if .result == "OK" then [1, 0, 0]
		elif .result == "SKIP" and .returncode == 77 then [0, 0, 1]
		else [0, 1, 0] end
	  else
		[$passed, (if $bad + $missing == 0 and ($fine | not) then 1 else $bad + $missing end), $skipped]
	  end;
map(tally) | [(map(.[0]) | add // 0), (map(.[1]) | add // 0), (map(.[2]) | add // 0)]
| "\(.[0]) \(.[1]) \(.[2])"
' "$1" | {
	read -r passed failed skipped
	[ "$skipped" -eq 0 ] || echo "$skipped skipped"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
