#!/bin/sh
# SPDX-License-Identifier: MIT
# tools.sh TOOL TOP BUILD: one of the tools of ./dev check over everything it knows about.
set -eu

tool=$1
build=$3
cd "$2"

sources() {
	find src include tests bench -name '*.[ch]' | LC_ALL=C sort
}
scripts() {
	find dev .ci tests bench -type f \( -name dev -o -name run -o -name '*.sh' -o -name '*.bats' \) |
		LC_ALL=C sort
}
# The sources that the build compiles, as it names them.
compiled() {
	jq -r '.[].file' "$build/compile_commands.json" | grep -F "$1" | LC_ALL=C sort -u
}
jobs=$(nproc)

case $tool in
clang-format)
	sources | xargs clang-format --dry-run -Werror
	;;
shellcheck)
	scripts | xargs shellcheck
	shellcheck -s bash completions/vmtrace.bash
	;;
mandoc)
	# scdoc writes more paragraph macros than are needed, which does no harm.
	! mandoc -T lint -W warning "$build"/man/*.[0-9] | grep -v 'skipping paragraph macro'
	;;
clang-tidy)
	cd "$build"
	compiled src/ | xargs -n 4 -P "$jobs" clang-tidy --quiet --warnings-as-errors='*' -p .
	;;
cppcheck)
	sources | grep '^src/' | xargs cppcheck --quiet --std=c11 --language=c \
		--enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem -D_GNU_SOURCE -Iinclude -j "$jobs"
	;;
*)
	echo "tools.sh: no tool $tool" >&2
	exit 1
	;;
esac
