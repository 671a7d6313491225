# SPDX-License-Identifier: MIT
# mask.jq --argjson vclock N: what mask.awk does, where JSON Lines need more than
# that: fields that differ become words, and [vvar_vclock] is taken out.
def shift: if $vclock > 0 and . > $vclock then . - 1 else . end;
def is_foreign: test("libc\\.so|ld-linux|ld\\.so\\.cache|vdso|vvar|^\\[stack\\]|(segment|bss|RELRO) of calls");
def mask_sizes: gsub("(?<what>holds |p_vaddr )[0-9a-f.]{1,5}[KMG]?"; "\(.what)~");
def over: if test(" over [0-9]+$") then capture("^(?<a>.*) over (?<n>[0-9]+)$") | "\(.a) over \(.n | tonumber | shift)" else . end;
def vma:
	.dev |= (if . == "00:00" then . else "DEVICE" end)
	| .inode |= (if . == 0 then . else "INODE" end)
	| .steps |= map(shift)
	| if (.offset | length) > 6 or (.offset != "0x0" and (.name | is_foreign)) then .offset = "~" else . end
	| if .name == "[vvar]" then .end = "~" else . end
	| if has("elf") and (.name | . == "" or is_foreign or endswith("/calls")) then .elf = "~" else . end;
def object:
	.dev = "DEVICE" | .inode = "INODE"
	| if .name | is_foreign or endswith("/calls") then {type, name, dev, inode}
	  else .build_id = "ID" | .relro = "~" | .segments |= map(.perms) | .sections |= map(.name) end;
def vmas: map(select(.name != "[vvar_vclock]") | vma);

select(.type != "step" or .step != $vclock or $vclock == 0)
| if .type == "trace" then .kernel = "KERNEL" | .version = "VERSION" else . end
| if has("pid") then .pid = "PID" else . end
| if has("tid") then .tid = "TID" else . end
| if has("step") then .step |= shift else . end
| if .type == "step" then
	.time_ns = "TIME"
	| .removed |= vmas
	| .added |= vmas
	| if .call == "set_tid_address" then .result = "TID" | .expected = "TID" else . end
	| if .args.shmid? != null and .args.shmid >= 0 then .args.shmid = "ID" else . end
	| if .args.length? != null and ((.file // "" | is_foreign) or (.args.length > 4096 and .args.length % 4096 != 0))
	  then .args.length = "~" else . end
	| if .args.offset? != null and (.file // "" | is_foreign) then .args.offset = "~" else . end
	| .what |= over
	| if (.what | is_foreign) or (.file // "" | is_foreign) or (.why | any(.text | test("p_vaddr .*[^0].{0,2}$")))
	  then .why |= map(.text |= mask_sizes) else . end
  elif .type == "object" then
	object
  elif .type == "layout" then
	.vmas |= vmas
	| .page_tables |= (.tables |= map_values("N") | .bytes = "N" | .kernel_bytes = "N" | .pages = "N"
			   | del(.reason) | .check = "CHECK")
  elif .type == "summary" then
	(if $vclock > 0 then .steps -= 1 | .checked -= 1 else . end)
	| .page_table_mismatches = "N"
  else . end
