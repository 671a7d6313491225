# SPDX-License-Identifier: MIT
# bash completion for vmtrace

# A word list with commas: completes its last part.
_vmtrace_list() {
	local done=''
	[[ $cur == *,* ]] && done=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$done" -W "$1" -- "${cur##*,}")
	compopt -o nospace
}

# vmtrace walk …
_vmtrace_walk() {
	local walk_options='-p --attach= --step= --space= -a --arch= --levels= --granule= --va-bits= -b --bits --tlb= --tlb-size= --tlb-page= -h --help'
	case $prev in
	-p | --attach) _pids ;;
	-a | --arch) mapfile -t COMPREPLY < <(compgen -W 'x86_64 i386 arm aarch64 riscv64' -- "$cur") ;;
	--granule) mapfile -t COMPREPLY < <(compgen -W '4K 16K 64K' -- "$cur") ;;
	--tlb) _filedir ;;
	--levels | --va-bits | --tlb-size | --tlb-page | --step | --space) ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$walk_options" -- "$cur")
			[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		else
			_filedir vmt
		fi
		;;
	esac
}

# vmtrace explain …: the ids, as the program itself lists them
_vmtrace_explain() {
	local explain_options='--ids -h --help'
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$explain_options" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" explain --ids 2>/dev/null)" -- "$cur")
	fi
}

# vmtrace show|where|export|diff|stat …
_vmtrace_recording() {
	# shellcheck disable=SC2034 # chosen by name
	local show_options='--step= --space= --log= --filter= --show= --color= --teach -v --verbose -q --quiet -h --help'
	# shellcheck disable=SC2034
	local where_options='--space= --color= -v --verbose -h --help'
	# shellcheck disable=SC2034
	local export_options='--to= -o --output= --step= --space= --filter= --show= -h --help'
	# shellcheck disable=SC2034
	local diff_options='--steps --addresses --ignore= --stat --json --color= -v --verbose -h --help'
	# shellcheck disable=SC2034
	local stat_options='--space= --json --color= -v --verbose -h --help'
	local chosen=${words[1]}_options
	case $prev in
	--log) _vmtrace_list 'steps map calls' ;;
	--show) _vmtrace_list 'path flags pt tlb' ;;
	--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur") ;;
	--to) mapfile -t COMPREPLY < <(compgen -W 'jsonl maps csv folded perfetto' -- "$cur") ;;
	--ignore) _vmtrace_list 'inode dev size path' ;;
	-o | --output) _filedir ;;
	--step | --space | --filter) ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "${!chosen}" -- "$cur")
			[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		elif [[ ${words[1]} == diff ]]; then
			_filedir
		else
			_filedir vmt
		fi
		;;
	esac
}

_vmtrace() {
	local options='-o --output= -p --attach= --follow= --log= --show= --faults --filter= --fail-on= -k --stack --check= --rules= --no-seccomp --no-aslr --pin --color= --teach -v --verbose -q --quiet -h --help -V --version'
	local cur prev words cword
	_init_completion -s || return

	if ((cword > 1)) && [[ ${words[1]} == walk ]]; then
		_vmtrace_walk
		return
	fi
	if ((cword > 1)) && [[ ${words[1]} == explain ]]; then
		_vmtrace_explain
		return
	fi

	if ((cword > 1)) && [[ ${words[1]} == @(show|where|export|diff|stat) ]]; then
		_vmtrace_recording
		return
	fi

	# From the program on, its own completion takes over.
	local i
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		run) [[ $i -eq 1 ]] || break ;;
		-o | --output | -p | --attach | --follow | --log | --show | --filter | --fail-on | --check | --rules | --color) ((i++)) ;;
		--)
			((i++))
			break
			;;
		-*) ;;
		*) break ;;
		esac
	done
	if ((i < cword)); then
		_command_offset "$i"
		return
	fi

	case $prev in
	-o | --output)
		_filedir
		return
		;;
	-p | --attach)
		_pids
		return
		;;
	--follow)
		mapfile -t COMPREPLY < <(compgen -W 'all threads none' -- "$cur")
		return
		;;
	--log)
		_vmtrace_list 'steps map calls'
		return
		;;
	--show)
		_vmtrace_list 'path flags pt tlb'
		return
		;;
	--filter)
		mapfile -t COMPREPLY < <(compgen -W "actor= object= call= name= what= why= errno= perms= addr= size> pid= tid= space= step= failed changed" -- "$cur")
		compopt -o nospace
		return
		;;
	--fail-on)
		_vmtrace_list 'writable-executable executable-stack text-relocations no-relro shared-file-writable map-count mapped-again never-unmapped all'
		return
		;;
	--check)
		mapfile -t COMPREPLY < <(compgen -W 'touched full off' -- "$cur")
		return
		;;
	--rules)
		mapfile -t COMPREPLY < <(compgen -W 'auto 5.15 6.1 6.18' -- "$cur")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur")
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		return
	fi
	mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	if ((cword == 1)); then
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W 'run walk show where export diff stat explain' -- "$cur")
	fi
	[[ $cur == */* ]] && _filedir
}

complete -F _vmtrace vmtrace
