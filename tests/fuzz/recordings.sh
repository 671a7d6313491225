#!/bin/sh
# SPDX-License-Identifier: MIT
# recordings.sh VMTRACE PROGRAMS: makes the corpus of fuzz-recording anew, after a change of the
# tables. PROGRAMS is the directory of the live tests' programs. Needs sqlite3(1).
set -eu

vmtrace=$(realpath "$1")
programs=$(realpath "$2")
corpus=$(realpath "$(dirname "$0")")/corpus/recording
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# small NAME: run.vmt with small pages, so that a changed byte is rather in a row than in free space
small() {
	rm -f "$corpus/$1"
	sqlite3 run.vmt "PRAGMA page_size = 512; VACUUM INTO '$corpus/$1'"
}

# record NAME OPTIONS… PROGRAM [ARGUMENTS…]
record() {
	name=$1
	shift
	status=0
	"$vmtrace" run --no-aslr -o run.vmt "$@" >program.out || status=$?
	[ "$status" -lt 125 ]
	small "$name"
}

# change NAME FROM SQL: a copy that something was done to
change() {
	cp "$corpus/$2" run.vmt
	sqlite3 run.vmt "$3"
	small "$1"
}

for program in hello calls family stack; do
	cp "$programs/$program-pie" "$program"
done
record hello ./hello
record calls ./calls
record family ./family
record stacks -k ./stack loop
record tables --faults --show=pt ./hello
: >"$corpus/empty"
head -c 9000 "$corpus/calls" >"$corpus/cut"
change newer hello 'PRAGMA user_version = 9'
change path-not-utf8 calls "UPDATE text SET text = CAST(x'ff0a1b80' AS TEXT)
	WHERE id IN (SELECT function FROM path)"
change words-not-utf8 stacks "INSERT INTO text VALUES (9999, CAST(x'6f6620ff1b5b' AS TEXT));
	UPDATE step SET purpose = 9999; UPDATE frame SET symbol = 9999, object = 9999"
change names-not-utf8 tables "INSERT INTO text VALUES (9999, CAST(x'2e74ff1b5b' AS TEXT));
	UPDATE section SET name = 9999; UPDATE elf SET soname = 9999, interpreter = 9999"
