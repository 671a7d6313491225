#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Call stacks (-k): programs/stack.c maps three pages at the end of calls that are known, and the
# frames must be those calls, in that order, whatever leads from one to the next.
# shellcheck disable=SC2016 # what jq expands
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
}

# What the filters of holds build on: the mappings that the program made for us, the last one's
# frames, and frames as one text, functions without a name as "?".
definitions='
def ours: map(select(.type == "step" and (.call // "" | startswith("mmap"))
	and .args.length == 12288 and .actor != "linker"));
def stack($all): . as $step | $all | map(select(.type == "stack" and .stack == $step.stack))
	| if length == 1 then .[0] else error("\(length) stacks of one number") end;
def last_stack: . as $all | ours[-1] | stack($all);
def names: map(.symbol // "?") | join(" ");
'

# trace FLAVOUR CASE [OPTIONS…]: the trace is in trace.jsonl
trace() {
	local program=stack-$1 case=$2
	shift 2
	need "$program"
	timeout 60 "$VMTRACE" -k "$@" -o trace.jsonl "$PROGRAMS/$program" "$case" 2>said || {
		cat said
		return 1
	}
	holds 'last | .type == "summary" and .unexplained == 0'
}

# holds FILTER: the filter is true of the array of all lines
holds() {
	jq -es "$definitions $1" trace.jsonl >/dev/null || {
		echo "not true: $1"
		jq -rs "$definitions"' last_stack | .end, (.frames[] | "\(.object) \(.symbol) \(.guessed)")' \
			trace.jsonl
		return 1
	}
}

# calls NAMES: the innermost frames below libc's mmap() are these functions of the program
calls() {
	holds "last_stack.frames | map(select(.object | test(\"/stack-\"))) | names + \" \" | startswith(\"$1 \")"
}

@test 'a chain of calls, down to _start' {
	trace pie chain
	calls 'inner middle outer'
	holds 'last_stack | .end == "whole" and .frames[-1].symbol == "_start"'
	holds 'last_stack.frames | map(.symbol) | index("main") > index("outer")'
	holds 'last_stack.frames | all(.guessed == null)'
}

@test 'the innermost frame is the system call in libc' {
	trace pie chain
	holds 'last_stack.frames[0] | .object | test("/libc[.]so")'
	holds 'last_stack.frames[0] | .symbol | test("mmap")'
	holds 'ours[-1] | .actor == "libc" and .caller == "inner" and .caller_actor == "program"'
}

@test 'offsets and distances are those of the file' {
	need_command nm
	trace pie chain
	local start offset
	start=$(nm "$PROGRAMS/stack-pie" | sed -n 's/ T middle$//p')
	offset=$(jq -rs "$definitions"' last_stack.frames[] | select(.symbol == "middle")
		| "\(.offset) \(.symbol_offset)"' trace.jsonl)
	[ $((16#$start)) -eq $((${offset% *} - ${offset#* })) ]
}

@test 'through the handler of a signal' {
	trace pie signal
	calls 'inner middle outer on_signal in_handler main'
	holds 'last_stack.end == "whole"'
}

@test 'from a handler on a stack of its own back to the other' {
	trace pie altstack
	calls 'inner middle outer on_signal in_handler main'
	holds 'last_stack.end == "whole"'
}

@test 'through the vdso' {
	trace pie vdso
	calls 'inner middle outer on_alarm'
	holds 'last_stack.frames | any(.object == "[vdso]" and (.symbol | test("clock_gettime")))'
	holds 'last_stack | .end == "whole" and .frames[-1].symbol == "_start"'
}

@test 'without frame pointers' {
	trace no-frame-pointer chain
	calls 'inner middle outer main'
	trace no-frame-pointer signal
	calls 'inner middle outer on_signal in_handler main'
}

@test 'a stripped static program has its frames, without names' {
	local count
	trace pie chain
	count=$(jq -s "$definitions"' last_stack.frames
		| map(select(.object | test("/stack-"))) | length' trace.jsonl)
	trace stripped chain
	holds "last_stack | .end == \"whole\" and (.frames | length) >= $count"
	holds 'last_stack.frames | all(.symbol == null and (.object | test("/stack-stripped")))'
	holds 'ours[-1] | .caller == null and .caller_actor == "program"'
}

@test 'without call-frame information frames are guessed by frame pointer' {
	trace no-unwind chain
	calls '__mmap64 inner middle outer' || calls 'mmap64 inner middle outer' ||
		calls '__mmap inner middle outer' || calls 'mmap inner middle outer'
	holds 'last_stack.frames | map(select(.symbol == "middle" or .symbol == "outer")) | all(.guessed)'
}

@test 'each thread has its own stack' {
	trace pie threads
	holds '. as $all | ours[0] | stack($all) | .frames | names | test("inner first_thread run_first")'
	calls 'inner second_thread run_second'
	holds 'ours | .[0].stack != .[1].stack'
}

@test 'code in anonymous memory is a frame, and leads on' {
	trace pie jit
	holds 'last_stack.frames | names | test("inner middle outer [?] last_call main ")'
	holds 'last_stack.frames | map(select(.object == "")) | length == 1 and .[0].offset == "0x6"'
	holds 'last_stack.frames | map(select(.guessed)) | names == "last_call"'
	trace pie jit-raw
	holds 'ours[-1] | .caller_actor == "anon" and .caller == null'
	holds 'last_stack.frames | names | test("^[?] jit_raw main ")'
}

@test 'code that was replaced by a file belongs to the file' {
	trace pie replaced
	holds '. as $all | ours[0] | stack($all) | .frames | any(.object == "")'
	holds 'last_stack.frames | any(.object == "/memfd:code (deleted)" and .offset == "0x6")'
	holds 'last_stack.frames | any(.object == "") | not'
}

@test 'equal stacks have one number and one line' {
	trace pie loop
	holds 'ours | length == 8 and (map(.stack) | unique | length) == 1'
	holds 'map(select(.type == "stack") | .stack) | . == unique'
	holds '. as $all | map(select(.type == "step" and .call)) | all(stack($all) | .frames | length > 0)'
}

@test 'a stack comes before the first step that has it' {
	trace pie chain
	holds '[.[] | select(.stack)] | reduce .[] as $line ({}; if $line.type == "stack"
		then .[$line.stack | tostring] = true
		elif .[$line.stack | tostring] then . else error("no stack") end) | length > 0'
}

@test 'no more frames than were asked for' {
	trace pie recursion --stack=20
	holds 'last_stack | .end == "depth" and (.frames | length) == 20'
	trace pie recursion
	holds 'last_stack | .end == "depth" and (.frames | length) == 64'
	trace pie recursion --stack=1024
	holds 'last_stack | .end == "whole" and (.frames | map(select(.symbol == "recurse")) | length) == 201'
}

@test '32-bit programs by frame pointer, and it is said' {
	trace m32-frame-pointer chain
	calls 'inner middle outer main'
	[ "$(grep -c '32-bit programs are found by frame pointers' said)" -eq 1 ]
	trace m32-frame-pointer threads
	calls 'inner second_thread run_second'
}

@test 'a stack that leads nowhere ends' {
	trace pie corrupt
	holds 'last_stack | .end == "lost" and .frames[0].symbol == "corrupt"'
	trace no-unwind corrupt
	holds 'last_stack.end == "lost"'
	trace no-unwind cycle
	holds 'last_stack | .frames[0].symbol == "cycle" and (.frames | length) <= 64'
}

@test 'call-frame information that nobody should believe costs a stack at most' {
	local case
	for case in divide endless column remember; do
		trace pie "$case"
		holds "ours | .[-2].caller == \"$case\""
		calls 'inner middle outer hostile main'
	done
}

@test 'call-frame information full of mistakes costs stacks at most' {
	need scramble-pie
	timeout 120 "$VMTRACE" -k -o trace.jsonl "$PROGRAMS/scramble-pie" 60 "${VMT_SEED:-1}"
	holds 'last | .type == "summary" and .unexplained == 0 and .exit.code == 0'
	holds 'map(select(.type == "step" and .call)) | all(.stack)'
}

@test 'the text has each stack once, with what the step is for' {
	need stack-pie
	"$VMTRACE" -k --log=steps "$PROGRAMS/stack-pie" loop 2>log
	grep -qE '^ +[0-9]+  libc    map anon \(r\): .* program: inner' log
	[ "$(grep -cE '^ +#1 +[0-9a-f]{12} stack-pie\(inner\+0x[0-9a-f]+\)$' log)" -eq 1 ]
	[ "$(grep -cE '^ +stack as in step [0-9]+$' log)" -ge 7 ]
	"$VMTRACE" -k -v --log=steps "$PROGRAMS/stack-pie" loop 2>log
	[ "$(grep -cE '^ +#1 +[0-9a-f]{12} stack-pie\(inner\+0x[0-9a-f]+\)$' log)" -eq 8 ]
}

@test 'without -k there are no stacks' {
	need stack-pie
	"$VMTRACE" -o trace.jsonl "$PROGRAMS/stack-pie" chain
	holds 'all(has("stack") or has("caller") | not)'
}

@test 'a number of frames that cannot be is refused' {
	local depth
	for depth in 0 x 1025 -1; do
		run -125 "$VMTRACE" --stack="$depth" true
		[[ $output == "vmtrace: --stack=$depth: give a number of frames from 1 to 1024;"* ]]
	done
}
