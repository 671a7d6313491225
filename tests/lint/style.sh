#!/bin/sh
# SPDX-License-Identifier: MIT
# style.sh TOP: what no compiler and no formatter says about a text file of ours: its length, its
# opening, its whitespace, and words that promise work instead of doing it.
set -eu

cd "$1"
files=$(find src include tests bench man completions .ci dev meson.build meson_options.txt ./*.md \
	-type f ! -path 'tests/fuzz/corpus/*' ! -path 'tests/golden/*.expected' | LC_ALL=C sort)

# shellcheck disable=SC2086 # our own file names, without blanks
awk '
function wrong(text) {
	print FILENAME ":" FNR ": " text
	bad = 1
}

function close_file() {
	if (code && lines > 600) {
		print name ": " lines " lines, at most 600: is it two files?"
		bad = 1
	} else if (code && lines > 500) {
		print name ": note: " lines " lines, aim at 500"
	}
}

BEGIN {
	# vmt_say() itself, the log, the line of progress, and the end of memory
	terminal = "^src/(cmd/(main|output|progress)|base/memory)\\.c$"
	# in two halves, so that this file does not find itself
	unfinished = "(^|[^A-Za-z])(TO" "DO|FIX" "ME|XX" "X|HA" "CK)([^A-Za-z]|$)|not yet impl" "emented"
}

FNR == 1 {
	close_file()
	name = FILENAME
	code = name ~ /\.(c|h|sh|bats)$/
	source = name ~ /\.(c|h|def)$/
	if (source && $0 != "/* SPDX-License-Identifier: MIT */")
		wrong("the first line is not /* SPDX-License-Identifier: MIT */")
}

FNR == 2 && source && !/^\/\*/ { wrong("the file does not open with a comment that says what it is") }
/[ \t]$/ && FILENAME !~ /\.md$/ { wrong("blank at the end of the line") }
/\r/ { wrong("carriage return") }
/^        / && source { wrong("eight blanks, not a tab") }
/(^|[^_[:alnum:]])(stderr|STDERR_FILENO)([^_[:alnum:]]|$)/ && FILENAME ~ /^src\/.*\.c$/ && FILENAME !~ terminal {
	wrong("writes past vmt_say(), which escapes what a terminal would obey")
}
$0 ~ unfinished { wrong("unfinished by its own word") }
{ lines = FNR }

END {
	close_file()
	exit bad
}
' $files
