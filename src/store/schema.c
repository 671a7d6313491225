/* SPDX-License-Identifier: MIT */
/*
 * The schema of a recording, version 1 (user_version). What repeats is stored once and named by
 * number: texts, mapped objects, files of calls, places of calls, paths through the kernel,
 * reasons. What is nearly always the same is NULL: a step of the benchmark's 400,000 takes less than
 * 150 bytes with all that belongs to it.
 *
 *	record   the order of everything in the log; a run of steps of one space is one row
 *	step     id is space << 32 | step      step_more: what few steps have
 *	vma      rectangles: one mapping in one shape, from born_step to before died_step
 *
 *	   step ^      +-----------+ died
 *	        |  +---|     vma   |---+
 *	        |  |   +-----------+   |         step.added, added_count: the rows born in it (their
 *	        |  +---------------- born        numbers follow each other); step.removed: those that
 *	        +------------------------> address      died, a number or a list
 *
 *	stack    its innermost frame; frame names its caller's; site the stack of a call
 *	look     how a VMA looked when it was seen again, where that is not how it was born
 *
 * The reader compares these texts with those in the file: a recording is just these tables, so
 * nothing in it can run code of the file's choice. Further tables and indexes are ignored;
 * triggers, virtual tables and views of others are refused.
 *
 * A change after a release: keep the old texts for the reader, add the new ones, count
 * VMT_STORE_VERSION up, and give recording.c a step that shows the old tables as the new ones.
 */
#include "schema.h"

#include "vmtrace/base.h"

const struct vmt_store_table vmt_store_tables[] = {
	{ "meta", "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID" },
	{ "argument", "CREATE TABLE argument (n INTEGER PRIMARY KEY, text NOT NULL)" },
	{ "text", "CREATE TABLE text (id INTEGER PRIMARY KEY, text NOT NULL)" },
	{ "object", "CREATE TABLE object (id INTEGER PRIMARY KEY, name INTEGER NOT NULL, "
		    "dev_major INTEGER NOT NULL, dev_minor INTEGER NOT NULL, "
		    "inode INTEGER NOT NULL)" },
	{ "file", "CREATE TABLE file (id INTEGER PRIMARY KEY, name INTEGER NOT NULL, "
		  "dev_major INTEGER NOT NULL, dev_minor INTEGER NOT NULL, "
		  "inode INTEGER NOT NULL, size_bytes INTEGER NOT NULL, mode INTEGER NOT NULL, "
		  "flags INTEGER NOT NULL, rdev_major INTEGER NOT NULL, "
		  "rdev_minor INTEGER NOT NULL, filesystem INTEGER NOT NULL, "
		  "noexec INTEGER NOT NULL, append_only INTEGER NOT NULL, "
		  "write_sealed INTEGER NOT NULL, description INTEGER NOT NULL)" },
	{ "path", "CREATE TABLE path (id INTEGER NOT NULL, n INTEGER NOT NULL, "
		  "depth INTEGER NOT NULL, function INTEGER NOT NULL, branch INTEGER, "
		  "PRIMARY KEY (id, n)) WITHOUT ROWID" },
	{ "record", "CREATE TABLE record (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, "
		    "space INTEGER, step INTEGER, count INTEGER, note INTEGER)" },
	{ "space", "CREATE TABLE space (space INTEGER PRIMARY KEY, pid INTEGER NOT NULL, "
		   "made_by INTEGER NOT NULL, parent INTEGER, exe INTEGER NOT NULL, "
		   "arch INTEGER NOT NULL)" },
	{ "frame", "CREATE TABLE frame (id INTEGER PRIMARY KEY, caller INTEGER, ip INTEGER, "
		   "object INTEGER, offset INTEGER, symbol INTEGER, "
		   "symbol_offset INTEGER, bits INTEGER NOT NULL)" },
	{ "stack", "CREATE TABLE stack (id INTEGER PRIMARY KEY, frame INTEGER NOT NULL)" },
	{ "site", "CREATE TABLE site (id INTEGER PRIMARY KEY, cause INTEGER NOT NULL, "
		  "actor INTEGER NOT NULL, object INTEGER, call INTEGER, ip INTEGER, "
		  "stack INTEGER, caller_actor INTEGER, caller INTEGER)" },
	{ "why", "CREATE TABLE why (id INTEGER NOT NULL, n INTEGER NOT NULL, "
		 "why INTEGER NOT NULL, number0 INTEGER, number1 INTEGER, number2 INTEGER, "
		 "number3 INTEGER, below INTEGER, above INTEGER, PRIMARY KEY (id, n)) "
		 "WITHOUT ROWID" },
	{ "step", "CREATE TABLE step (id INTEGER PRIMARY KEY, space INTEGER AS (id >> 32), "
		  "step INTEGER AS (id & 4294967295), pid INTEGER, tid INTEGER, "
		  "time_ns INTEGER NOT NULL, site INTEGER NOT NULL, what INTEGER NOT NULL, "
		  "file INTEGER, start INTEGER, length INTEGER, bits INTEGER NOT NULL, "
		  "checked INTEGER NOT NULL, reason INTEGER, why INTEGER, "
		  "arg0 INTEGER, arg1 INTEGER, arg2 INTEGER, arg3 INTEGER, arg4 INTEGER, "
		  "arg5 INTEGER, result INTEGER, expected INTEGER, fd_file INTEGER, "
		  "path INTEGER, added INTEGER, added_count INTEGER, removed, "
		  "purpose INTEGER, pattern INTEGER, \"group\" INTEGER)" },
	{ "step_more", "CREATE TABLE step_more (id INTEGER PRIMARY KEY, segment INTEGER, "
		       "old_start INTEGER, old_end INTEGER, arch INTEGER, number INTEGER, "
		       "words TEXT, text)" },
	{ "step_tables", "CREATE TABLE step_tables (id INTEGER PRIMARY KEY, "
			 "geometry INTEGER NOT NULL, start INTEGER, length INTEGER, levels TEXT, "
			 "huge_possible INTEGER, huge_bytes INTEGER, faults INTEGER, "
			 "first_faults TEXT, pages INTEGER, made INTEGER, freed INTEGER, "
			 "bytes INTEGER, kernel_bytes INTEGER, reason INTEGER)" },
	{ "step_tlb", "CREATE TABLE step_tlb (id INTEGER PRIMARY KEY, flush INTEGER NOT NULL, "
		      "start INTEGER, length INTEGER, pages INTEGER, present INTEGER, "
		      "threshold_pages INTEGER, freed_tables INTEGER)" },
	{ "vma", "CREATE TABLE vma (id INTEGER PRIMARY KEY, space INTEGER NOT NULL, "
		 "born_step INTEGER, died_step INTEGER, start INTEGER NOT NULL, "
		 "length INTEGER NOT NULL, perms INTEGER NOT NULL, offset INTEGER, "
		 "object INTEGER, vm_flags INTEGER, steps TEXT, steps_left_out INTEGER, "
		 "origin INTEGER, looks INTEGER)" },
	{ "look", "CREATE TABLE look (vma INTEGER NOT NULL, step INTEGER NOT NULL, "
		  "object INTEGER, vm_flags INTEGER, steps TEXT, steps_left_out INTEGER, "
		  "PRIMARY KEY (vma, step)) WITHOUT ROWID" },
	{ "elf", "CREATE TABLE elf (record INTEGER PRIMARY KEY, object INTEGER NOT NULL, "
		 "build_id TEXT, soname INTEGER, interpreter INTEGER, word_bits INTEGER NOT NULL, "
		 "machine INTEGER NOT NULL, entry INTEGER, phdr INTEGER, relro_start INTEGER, "
		 "relro_length INTEGER, bits INTEGER NOT NULL)" },
	{ "segment", "CREATE TABLE segment (elf INTEGER NOT NULL, n INTEGER NOT NULL, "
		     "start INTEGER NOT NULL, length INTEGER NOT NULL, "
		     "file_length INTEGER NOT NULL, offset INTEGER NOT NULL, "
		     "align INTEGER NOT NULL, perms INTEGER NOT NULL, PRIMARY KEY (elf, n)) "
		     "WITHOUT ROWID" },
	{ "section", "CREATE TABLE section (elf INTEGER NOT NULL, n INTEGER NOT NULL, "
		     "name INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, "
		     "in_file INTEGER NOT NULL, PRIMARY KEY (elf, n)) WITHOUT ROWID" },
	{ "warning", "CREATE TABLE warning (record INTEGER PRIMARY KEY, space INTEGER NOT NULL, "
		     "step INTEGER NOT NULL, pid INTEGER NOT NULL, name INTEGER NOT NULL, "
		     "text INTEGER NOT NULL)" },
	{ "layout", "CREATE TABLE layout (record INTEGER PRIMARY KEY, space INTEGER NOT NULL, "
		    "step INTEGER NOT NULL, page_table_kib INTEGER, map_count INTEGER NOT NULL, "
		    "map_count_limit INTEGER, steps INTEGER NOT NULL, "
		    "checked INTEGER NOT NULL, adjusted INTEGER NOT NULL, "
		    "unexplained INTEGER NOT NULL, table_checks INTEGER NOT NULL)" },
	{ "layout_tables", "CREATE TABLE layout_tables (record INTEGER PRIMARY KEY, "
			   "geometry INTEGER, tables TEXT, bytes INTEGER NOT NULL, "
			   "watched INTEGER NOT NULL, reason INTEGER, pages INTEGER NOT NULL)" },
	{ "layout_pages", "CREATE TABLE layout_pages (record INTEGER NOT NULL, "
			  "n INTEGER NOT NULL, present INTEGER NOT NULL, "
			  "swapped INTEGER NOT NULL, tables INTEGER NOT NULL, "
			  "PRIMARY KEY (record, n)) WITHOUT ROWID" },
	{ "summary", "CREATE TABLE summary (record INTEGER PRIMARY KEY, spaces INTEGER NOT NULL, "
		     "exit_code INTEGER, exit_signal INTEGER, steps INTEGER NOT NULL, "
		     "checked INTEGER NOT NULL, adjusted INTEGER NOT NULL, "
		     "unexplained INTEGER NOT NULL, table_checks INTEGER NOT NULL, "
		     "faults INTEGER, faults_lost INTEGER)" },
	{ "adjusted", "CREATE TABLE adjusted (record INTEGER NOT NULL, reason INTEGER NOT NULL, "
		      "count INTEGER NOT NULL, PRIMARY KEY (record, reason)) WITHOUT ROWID" },
	{ "tables_adjusted", "CREATE TABLE tables_adjusted (record INTEGER NOT NULL, "
			     "reason INTEGER NOT NULL, count INTEGER NOT NULL, "
			     "PRIMARY KEY (record, reason)) WITHOUT ROWID" },
};
const size_t vmt_store_table_count = vmt_countof(vmt_store_tables);

const char vmt_store_views[] =
	"CREATE VIEW spaces AS SELECT s.space, s.pid, m.text AS made_by, s.parent, "
	"e.text AS exe, a.text AS arch FROM space s JOIN text m ON m.id = s.made_by "
	"JOIN text e ON e.id = s.exe JOIN text a ON a.id = s.arch;"
	"CREATE VIEW steps AS SELECT s.id, s.space, s.step, coalesce(s.pid, p.pid) AS pid, "
	"coalesce(s.tid, s.pid, p.pid) AS tid, s.time_ns, a.text AS actor, o.text AS object, "
	"c.text AS \"call\", w.text AS what, f.text AS file, u.text AS cause, "
	"printf('%x', s.start) AS start, s.length, "
	"CASE WHEN i.call IS NULL OR s.bits & 17 THEN NULL ELSE printf('0x%x', s.result) END "
	"AS result, CASE WHEN s.bits & 1 THEN -s.result END AS errno, "
	"CASE s.checked WHEN 0 THEN 'unchecked' WHEN 1 THEN 'match' ELSE 'adjusted' END "
	"AS \"check\", r.text AS reason, "
	"(SELECT group_concat(t.text, ' ') FROM why y JOIN text t ON t.id = y.why "
	"WHERE y.id = s.why) AS why, pu.text AS purpose, pa.text AS pattern, s.\"group\", "
	"i.stack, ca.text AS caller_actor, cs.text AS caller "
	"FROM step s JOIN space p ON p.space = s.space JOIN site i ON i.id = s.site "
	"JOIN text a ON a.id = i.actor JOIN text w ON w.id = s.what "
	"JOIN text u ON u.id = i.cause LEFT JOIN text o ON o.id = i.object "
	"LEFT JOIN text c ON c.id = i.call LEFT JOIN text f ON f.id = s.file "
	"LEFT JOIN text r ON r.id = s.reason LEFT JOIN text pu ON pu.id = s.purpose "
	"LEFT JOIN text pa ON pa.id = s.pattern "
	"LEFT JOIN text ca ON ca.id = i.caller_actor LEFT JOIN frame cf ON cf.id = i.caller "
	"LEFT JOIN text cs ON cs.id = cf.symbol;"
	"CREATE VIEW vmas AS SELECT v.id, v.space, v.born_step, v.died_step, "
	"printf('%x', v.start) AS start, printf('%x', v.start + v.length) AS \"end\", v.length, "
	"substr('-r', 1 + (v.perms & 1), 1) || substr('-w', 1 + (v.perms >> 1 & 1), 1) || "
	"substr('-x', 1 + (v.perms >> 2 & 1), 1) || substr('ps', 1 + (v.perms >> 3 & 1), 1) "
	"AS perms, printf('%08x', coalesce(v.offset, 0)) AS offset, "
	"printf('%02x:%02x', o.dev_major, o.dev_minor) AS dev, coalesce(o.inode, 0) AS inode, "
	"coalesce(t.text, '') AS name, v.origin FROM vma v LEFT JOIN object o ON o.id = v.object "
	"LEFT JOIN text t ON t.id = o.name;"
	"CREATE VIEW objects AS SELECT e.record, n.text AS name, e.build_id, s.text AS soname, "
	"i.text AS interpreter FROM elf e JOIN object o ON o.id = e.object "
	"JOIN text n ON n.id = o.name LEFT JOIN text s ON s.id = e.soname "
	"LEFT JOIN text i ON i.id = e.interpreter;"
	"CREATE VIEW warnings AS SELECT w.record, w.space, w.step, w.pid, n.text AS name, "
	"t.text AS text FROM warning w JOIN text n ON n.id = w.name "
	"JOIN text t ON t.id = w.text;";

/*
 * Most VMAs die young. A layout at a step is those born shortly before it, found by number, and
 * the long-lived ones; those at an address are the small ones that begin shortly below it, and the
 * large ones.
 */
const char vmt_store_indexes[] =
	"CREATE INDEX vma_long ON vma (space, born_step, died_step) "
	"WHERE died_step IS NULL OR died_step - born_step > 1024;"
	"CREATE INDEX vma_at ON vma (start);"
	"CREATE INDEX vma_large ON vma (space, length) WHERE length > 1048576;"
	"CREATE INDEX step_at ON step (space, start) "
	"WHERE added IS NULL AND removed IS NULL AND start IS NOT NULL;"
	"CREATE INDEX step_odd ON step (checked, reason) WHERE checked <> 1;";

const char *const vmt_store_statements[VMT_STATEMENT_COUNT] = {
	[VMT_INSERT_META] = "INSERT OR REPLACE INTO meta VALUES (?, ?)",
	[VMT_INSERT_ARGUMENT] = "INSERT INTO argument VALUES (?, ?)",
	[VMT_INSERT_TEXT] = "INSERT INTO text VALUES (?, ?)",
	[VMT_INSERT_OBJECT] = "INSERT INTO object VALUES (?, ?, ?, ?, ?)",
	[VMT_INSERT_FILE] = "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_PATH] = "INSERT INTO path VALUES (?, ?, ?, ?, ?)",
	[VMT_INSERT_RECORD] = "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_SPACE] = "INSERT OR REPLACE INTO space VALUES (?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_FRAME] = "INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_STACK] = "INSERT INTO stack VALUES (?, ?)",
	[VMT_INSERT_SITE] = "INSERT INTO site VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_WHY] = "INSERT INTO why VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_STEP] = ("INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
			     "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
	[VMT_INSERT_MORE] = "INSERT INTO step_more VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_VMA] = "INSERT INTO vma VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_LOOK] = "INSERT OR REPLACE INTO look VALUES (?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_ELF] = "INSERT INTO elf VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_SEGMENT] = "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_SECTION] = "INSERT INTO section VALUES (?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_WARNING] = "INSERT INTO warning VALUES (?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_LAYOUT] = "INSERT INTO layout VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_LAYOUT_TABLES] = "INSERT INTO layout_tables VALUES (?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_LAYOUT_PAGES] = "INSERT INTO layout_pages VALUES (?, ?, ?, ?, ?)",
	[VMT_INSERT_STEP_TABLES] = "INSERT INTO step_tables VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[VMT_INSERT_STEP_TLB] = "INSERT INTO step_tlb VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_TABLES_ADJUSTED] = "INSERT INTO tables_adjusted VALUES (?, ?, ?)",
	[VMT_INSERT_SUMMARY] = "INSERT INTO summary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[VMT_INSERT_ADJUSTED] = "INSERT INTO adjusted VALUES (?, ?, ?)",
	[VMT_UPDATE_DIED] = "UPDATE vma SET died_step = ? WHERE id = ?",
	[VMT_UPDATE_LOOKS] = "UPDATE vma SET looks = 1 WHERE id = ?",
};
