# SPDX-License-Identifier: MIT
# fish completion for vmtrace

complete -c vmtrace -n __fish_is_first_token -a run -d 'trace a program'
complete -c vmtrace -x -a '(__fish_complete_subcommand)'
complete -c vmtrace -s o -l output -r -d 'write to a file'
complete -c vmtrace -s p -l attach -x -a '(__fish_complete_pids)' -d 'trace a process that runs already'
complete -c vmtrace -l follow -x -a 'all threads none' -d 'which tasks are traced'
complete -c vmtrace -l log -x -a 'steps map calls steps,map steps,map,calls' -d 'which views to print'
complete -c vmtrace -l show -x -a 'path flags path,flags' -d 'more about each step'
complete -c vmtrace -l check -x -a 'touched full off' -d 'what is compared with the kernel'
complete -c vmtrace -l rules -x -a 'auto 5.15 6.1 6.18' -d 'whose rules the model follows'
complete -c vmtrace -l no-seccomp -d 'stop at every system call'
complete -c vmtrace -l no-aslr -d 'start the program without address randomisation'
complete -c vmtrace -l pin -d 'share one CPU with a program of one task'
complete -c vmtrace -l color -x -a 'auto always never' -d colours
complete -c vmtrace -s v -l verbose -d 'print every line in full'
complete -c vmtrace -s q -l quiet -d 'print the summary line only'
complete -c vmtrace -s h -l help -d 'print the options and exit'
complete -c vmtrace -s V -l version -d 'print the version and exit'
