/* SPDX-License-Identifier: MIT */
/*
 * What is asked of a recording: one text for each enum vmt_query, prepared when it is first asked. They
 * name the indexes that they are to use, which a recording has when it was completed; without them a
 * query that names one is not asked.
 */
#include "recording.h"

#define STEP_COLUMNS \
	"id, pid, tid, time_ns, site, what, file, start, length, bits, checked, reason, why, " \
	"arg0, arg1, arg2, arg3, arg4, arg5, result, expected, fd_file, path, added, " \
	"added_count, removed, purpose, pattern, \"group\""
/* The same places, without what explains a step. */
#define OUTLINE_COLUMNS \
	"id, pid, tid, time_ns, site, what, file, start, length, bits, checked, NULL, NULL, " \
	"arg0, arg1, arg2, arg3, arg4, arg5, result, NULL, NULL, NULL, added, " \
	"added_count, removed, NULL, NULL, NULL"
#define VMA_COLUMNS \
	"id, space, born_step, died_step, start, length, perms, offset, object, vm_flags, steps, " \
	"steps_left_out, looks"
#define ALIVE "space = ?1 AND born_step <= ?2 AND (died_step IS NULL OR died_step > ?2)"
#define OVER "space = ?1 AND (start < 0) = (?2 < 0) AND start <= ?2 AND ?2 - start < length"
#define NO_CHANGE "added IS NULL AND removed IS NULL AND start IS NOT NULL"
#define POINTING \
	NO_CHANGE " AND space = ?1 AND (start < 0) = (?2 < 0) AND start <= ?2 " \
		  "AND ?2 - start < max(coalesce(length, 0), 1)"

const char *const vmt_store_queries[VMT_QUERY_COUNT] = {
	[VMT_QUERY_TEXT] = "SELECT text FROM text WHERE id = ?",
	[VMT_QUERY_OBJECT] = "SELECT name, dev_major, dev_minor, inode FROM object WHERE id = ?",
	[VMT_QUERY_FILE] = "SELECT name, dev_major, dev_minor, inode, size_bytes, mode, flags, "
			   "rdev_major, rdev_minor, filesystem, noexec, append_only, "
			   "write_sealed, description FROM file WHERE id = ?",
	[VMT_QUERY_FRAMES] = "SELECT id, caller, ip, object, offset, symbol, symbol_offset, bits "
			     "FROM frame ORDER BY id",
	[VMT_QUERY_STACKS] = "SELECT id, frame FROM stack ORDER BY id",
	[VMT_QUERY_SITE] = "SELECT cause, actor, object, call, ip, stack, caller_actor, caller "
			   "FROM site WHERE id = ?",
	[VMT_QUERY_WHY] = "SELECT n, why, number0, number1, number2, number3, below, above "
			  "FROM why WHERE id = ? ORDER BY n",
	[VMT_QUERY_PATH] = "SELECT n, depth, function, branch FROM path WHERE id = ? ORDER BY n",
	[VMT_QUERY_RECORDS] = "SELECT id, kind, space, step, count, note FROM record "
			      "WHERE id > ? ORDER BY id LIMIT 1",
	[VMT_QUERY_SPACE] = "SELECT pid, made_by, parent, exe, arch FROM space WHERE space = ?",
	[VMT_QUERY_NEXT_SPACE] = "SELECT space FROM space WHERE space > ? ORDER BY space LIMIT 1",
	[VMT_QUERY_STEPS] =
		"SELECT " STEP_COLUMNS " FROM step WHERE id BETWEEN ? AND ? ORDER BY id",
	[VMT_QUERY_OUTLINES] =
		"SELECT " OUTLINE_COLUMNS " FROM step WHERE id BETWEEN ? AND ? ORDER BY id",
	[VMT_QUERY_MORE] = "SELECT segment, old_start, old_end, arch, number, words, text "
			   "FROM step_more WHERE id = ?",
	[VMT_QUERY_VMAS] = "SELECT " VMA_COLUMNS " FROM vma WHERE id BETWEEN ? AND ? ORDER BY id",
	[VMT_QUERY_VMAS_FROM] = "SELECT " VMA_COLUMNS " FROM vma WHERE id >= ? ORDER BY id",
	[VMT_QUERY_LOOK] = "SELECT step, object, vm_flags, steps, steps_left_out FROM look "
			   "WHERE vma = ? AND step = ?",
	[VMT_QUERY_NEXT_LOOK] = "SELECT step, object, vm_flags, steps, steps_left_out FROM look "
				"WHERE vma = ? AND step >= ? ORDER BY step LIMIT 1",
	[VMT_QUERY_LAYOUT] = "SELECT space, step, page_table_kib, map_count, map_count_limit, "
			     "steps, checked, adjusted, unexplained, table_checks FROM layout "
			     "WHERE record = ?",
	[VMT_QUERY_LAYOUT_AT] = "SELECT step, page_table_kib, map_count_limit, record FROM layout "
				"WHERE space = ? ORDER BY record DESC LIMIT 1",
	[VMT_QUERY_SUMMARY] = "SELECT spaces, exit_code, exit_signal, steps, checked, adjusted, "
			      "unexplained, table_checks, faults, faults_lost FROM summary "
			      "WHERE record = ?",
	[VMT_QUERY_LAYOUT_TABLES] = "SELECT geometry, tables, bytes, watched, reason, pages "
				    "FROM layout_tables WHERE record = ?",
	[VMT_QUERY_LAYOUT_PAGES] = "SELECT n, present, swapped, tables FROM layout_pages "
				   "WHERE record = ? ORDER BY n",
	[VMT_QUERY_STEP_TABLES] =
		"SELECT geometry, start, length, levels, huge_possible, huge_bytes, faults, "
		"first_faults, pages, made, freed, bytes, kernel_bytes, reason FROM step_tables "
		"WHERE id = ?",
	[VMT_QUERY_STEP_TLB] = "SELECT flush, start, length, pages, present, threshold_pages, "
			       "freed_tables FROM step_tlb WHERE id = ?",
	[VMT_QUERY_TABLES_ADJUSTED] = "SELECT reason, count FROM tables_adjusted WHERE record = ?",
	[VMT_QUERY_ELFS] = "SELECT e.record, o.name, o.dev_major, o.dev_minor, o.inode, "
			   "e.build_id, e.soname, e.interpreter, e.word_bits, e.machine, e.entry, "
			   "e.phdr, e.relro_start, e.relro_length, e.bits FROM elf e "
			   "JOIN object o ON o.id = e.object ORDER BY e.record",
	[VMT_QUERY_SEGMENTS] = "SELECT n, start, length, file_length, offset, align, perms "
			       "FROM segment WHERE elf = ? ORDER BY n",
	[VMT_QUERY_SECTIONS] = "SELECT n, name, start, length, in_file FROM section "
			       "WHERE elf = ? ORDER BY n",
	[VMT_QUERY_WARNING] = "SELECT space, step, pid, name, text FROM warning WHERE record = ?",
	[VMT_QUERY_RUN_OF] = "SELECT id FROM record WHERE kind = 'steps' AND space = ? "
			     "AND step <= ? ORDER BY id DESC LIMIT 1",
	[VMT_QUERY_ADJUSTED] = "SELECT reason, count FROM adjusted WHERE record = ?",
	[VMT_QUERY_LAST_STEP] = "SELECT id & 4294967295 FROM step WHERE id BETWEEN ? AND ? ORDER "
				"BY id DESC LIMIT 1",
	[VMT_QUERY_RECENT] = "SELECT min(added), max(added + added_count) FROM step "
			     "WHERE id BETWEEN ? AND ?",
	[VMT_QUERY_ALIVE_RECENT] = "SELECT " VMA_COLUMNS " FROM vma WHERE id >= ?3 AND id < ?4 "
				   "AND " ALIVE,
	[VMT_QUERY_ALIVE_LONG] = "SELECT " VMA_COLUMNS " FROM vma INDEXED BY vma_long WHERE " ALIVE
				 " AND id < ?3 AND (died_step IS NULL OR "
				 "died_step - born_step > 1024)",
	[VMT_QUERY_ALIVE] = "SELECT " VMA_COLUMNS " FROM vma WHERE " ALIVE,
	[VMT_QUERY_ODD] = "SELECT reason, checked, count(*) FROM step WHERE checked <> 1 "
			  "AND id BETWEEN ? AND ? GROUP BY reason, checked",
	[VMT_QUERY_OVER] = "SELECT born_step, died_step FROM vma INDEXED BY vma_at WHERE " OVER
			   " AND start > ?2 - 1048576",
	[VMT_QUERY_OVER_LARGE] = "SELECT born_step, died_step FROM vma INDEXED BY vma_large "
				 "WHERE length > 1048576 AND " OVER,
	[VMT_QUERY_OVER_LONG] = "SELECT coalesce(born_step, 0), coalesce(died_step, 4294967295) "
				"FROM vma INDEXED BY vma_long WHERE (died_step IS NULL OR "
				"died_step - born_step > 1024) AND " OVER " ORDER BY born_step",
	[VMT_QUERY_OVER_FORWARDS] = "SELECT born_step, died_step FROM vma NOT INDEXED WHERE " OVER
				    " AND id >= ?3 AND id < ?4 ORDER BY id LIMIT ?5",
	[VMT_QUERY_OVER_BACKWARDS] = "SELECT born_step, died_step FROM vma NOT INDEXED WHERE " OVER
				     " AND id >= ?3 AND id < ?4 ORDER BY id DESC LIMIT ?5",
	[VMT_QUERY_COUNT_AT] = "SELECT count(*) FROM (SELECT 1 FROM vma INDEXED BY vma_at WHERE "
			       "?1 AND start <= ?2 AND start > ?2 - 1048576 LIMIT ?3)",
	[VMT_QUERY_COUNT_LARGE] =
		"SELECT count(*) FROM (SELECT 1 FROM vma INDEXED BY vma_large "
		"WHERE length > 1048576 AND space = ?1 AND ?2 IS NOT NULL LIMIT ?3)",
	[VMT_QUERY_COUNT_POINTING] =
		"SELECT count(*) FROM (SELECT 1 FROM step INDEXED BY step_at WHERE " NO_CHANGE
		" AND space = ?1 AND start <= ?2 LIMIT ?3)",
	[VMT_QUERY_FLOOR] =
		"SELECT start, coalesce(born_step, 0) FROM vma INDEXED BY vma_long WHERE "
		"died_step IS NULL AND space = ?1 AND (start < 0) = (?2 < 0) "
		"AND start <= ?2 ORDER BY start DESC LIMIT 1",
	[VMT_QUERY_OVER_ABOVE] =
		"SELECT born_step, died_step FROM vma INDEXED BY vma_at WHERE " OVER
		" AND start >= ?3",
	[VMT_QUERY_COUNT_ABOVE] =
		"SELECT count(*) FROM (SELECT 1 FROM vma INDEXED BY vma_at WHERE ?1 "
		"AND start <= ?2 AND start >= ?4 LIMIT ?3)",
	[VMT_QUERY_LAST_ADDED] = "SELECT added + added_count FROM step WHERE id BETWEEN ? AND ? "
				 "AND added IS NOT NULL ORDER BY id DESC LIMIT 1",
	[VMT_QUERY_FIRST_ADDED] = "SELECT added FROM step WHERE id BETWEEN ? AND ? "
				  "AND added IS NOT NULL ORDER BY id LIMIT 1",
	[VMT_QUERY_POINTING] = "SELECT step FROM step WHERE " POINTING,
	[VMT_QUERY_POINTING_FORWARDS] = "SELECT step FROM step NOT INDEXED WHERE " POINTING
					" AND id BETWEEN ?3 AND ?4 ORDER BY id LIMIT ?5",
	[VMT_QUERY_POINTING_BACKWARDS] = "SELECT step FROM step NOT INDEXED WHERE " POINTING
					 " AND id BETWEEN ?3 AND ?4 ORDER BY id DESC LIMIT ?5",
	[VMT_QUERY_BASE] =
		"SELECT v.start, v.offset, t.text, o.dev_major, o.dev_minor, o.inode "
		"FROM vma v JOIN object o ON o.id = v.object JOIN text t ON t.id = o.name "
		"WHERE v.space = ? AND v.object IS NOT NULL AND v.id >= ? AND v.id < ? "
		"ORDER BY v.id",
	[VMT_QUERY_OBJECT_NAMES] = "SELECT t.text FROM object o JOIN text t ON t.id = o.name",
	/* The function's first byte in its file. */
	[VMT_QUERY_FRAMES_OF] =
		"SELECT object, coalesce(offset, 0) - coalesce(symbol_offset, 0) AS "
		"first FROM frame WHERE object IS NOT NULL AND symbol IN "
		"(SELECT id FROM text WHERE CAST(text AS BLOB) = ?) "
		"GROUP BY object, first ORDER BY min(id)",
};
