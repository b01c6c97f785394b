/**
 * Packet and byte counts with their history: since when each counts, and when it was last seen to grow. The kernel
 * knows neither, so both are kept here, and on disk, so that a restart forgets nothing.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Counters } from "@flowmgr/flow-api";
import type { Program, Source } from "@flowmgr/flow-compiler";
import type { Count } from "@flowmgr/kernel";
import { z } from "zod";
import { rfc3339 } from "../clock.ts";
import type { Clock, Parts } from "../parts.ts";
import { transaction } from "../store/database.ts";

/** Reading may cost this part of a core, 1/10, however many watch: at 10 000 flows one reading takes 0.4 s. */
const PAUSES_PER_READING = 10;
/** An answer this young is given again, so that many who ask at once cost one reading. */
const FRESH_MS = 500;
/** Who watches gets a reading this often, while reading is cheap. */
const WATCH_MS = 2_000;
/** What was seen goes to disk this often; a crash forgets at most that much of `lastHit`. */
const SAVE_MS = 30_000;

type Seen = { packets: number; since: number; lastHit: number | null };
type Total = Counters["flows"][number]["rules"][number];

const row = z.object({
	flow: z.string(),
	rule: z.number(),
	packets: z.number(),
	since: z.number(),
	last_hit: z.number().nullable(),
});

/** Rule 0 stands for a flow's ICMP errors: rules count from 1. */
const keyOf = (source: Source): string => `${source.flow}/${source.rule ?? 0}`;

export type Counting = ReturnType<typeof openCounting>;

/** The counters of what is in force. `read` asks the kernel; it is never called twice at once. */
export function openCounting(
	db: DatabaseSync,
	clock: Clock,
	read: () => Promise<Count[]>,
) {
	const seen = new Map<string, Seen>();
	const unsaved = new Map<string, Source>();
	let savedAt = clock.monotonic();
	let last: { answer: Counters; until: number } | null = null;
	let reading: Promise<Counters> | null = null;

	for (const found of db.prepare("SELECT * FROM counter").all()) {
		const { flow, rule, packets, since, last_hit } = row.parse(found);
		seen.set(keyOf({ flow, rule }), { packets, since, lastHit: last_hit });
	}

	function save(): void {
		if (unsaved.size === 0) return;
		transaction(db, () => {
			const put = db.prepare(
				"INSERT OR REPLACE INTO counter (flow, rule, packets, since, last_hit) VALUES (?, ?, ?, ?, ?)",
			);
			const drop = db.prepare(
				"DELETE FROM counter WHERE flow = ? AND rule = ?",
			);
			for (const [key, source] of unsaved) {
				const now = seen.get(key);
				if (now)
					put.run(
						source.flow,
						source.rule ?? 0,
						now.packets,
						now.since,
						now.lastHit,
					);
				else drop.run(source.flow, source.rule ?? 0);
			}
		});
		unsaved.clear();
		savedAt = clock.monotonic();
	}

	/** One rule's count, and what it says about the past. */
	function note(count: Count, at: number): Seen {
		const key = keyOf(count.source);
		const before = seen.get(key) ?? { packets: 0, since: at, lastHit: null };
		if (seen.has(key) && before.packets === count.packets) return before;
		const now = {
			packets: count.packets,
			// A count that shrank began anew behind our back: a reboot, or `iptables -Z`.
			since: count.packets < before.packets ? at : before.since,
			lastHit: count.packets > before.packets ? at : before.lastHit,
		};
		seen.set(key, now);
		unsaved.set(key, count.source);
		return now;
	}

	async function readNow(): Promise<Counters> {
		const began = clock.monotonic();
		const counts = await read();
		const at = clock.now();
		const answer = {
			at: rfc3339(at),
			flows: byFlow(counts.map((count) => ({ count, seen: note(count, at) }))),
		};
		const ended = clock.monotonic();
		last = {
			answer,
			until: ended + Math.max(FRESH_MS, (ended - began) * PAUSES_PER_READING),
		};
		if (ended - savedAt > SAVE_MS) save();
		return answer;
	}

	return {
		/** Counts per flow and rule, at most half a second old, or older where reading is dear. */
		async read(): Promise<Counters> {
			if (last && clock.monotonic() < last.until) return last.answer;
			reading ??= readNow().finally(() => {
				reading = null;
			});
			return reading;
		},

		/** Another program is in force now; the counters of `reset` began anew with it. */
		renew(program: Program | null, reset: Source[]): void {
			const at = clock.now();
			const anew = new Set(reset.map(keyOf));
			const gone = new Set(seen.keys());
			for (const [key, source] of sources(program)) {
				gone.delete(key);
				if (seen.has(key) && !anew.has(key)) continue;
				seen.set(key, { packets: 0, since: at, lastHit: null });
				unsaved.set(key, source);
			}
			for (const key of gone) {
				seen.delete(key);
				const [flow = "", rule] = key.split("/");
				unsaved.set(key, { flow, rule: Number(rule) });
			}
			last = null;
			save();
		},

		save,
	};
}

/** What counts in a program, each once, in its order. */
function sources(program: Program | null): Map<string, Source> {
	const found = new Map<string, Source>();
	for (const family of program ? [program.ip, program.ip6] : []) {
		for (const chain of family?.chains ?? []) {
			for (const rule of chain.rules)
				if (rule.counts && rule.source)
					found.set(keyOf(rule.source), rule.source);
		}
	}
	return found;
}

function byFlow(counts: { count: Count; seen: Seen }[]): Counters["flows"] {
	const flows = new Map<
		string,
		{ rules: Total[]; icmpErrors?: Omit<Total, "rule"> }
	>();
	for (const { count, seen } of counts) {
		const { packets, bytes, source } = count;
		const flow = flows.get(source.flow) ?? { rules: [] };
		flows.set(source.flow, flow);
		const total = {
			packets,
			bytes,
			since: rfc3339(seen.since),
			lastHit: seen.lastHit === null ? null : rfc3339(seen.lastHit),
		};
		if (source.rule === null) flow.icmpErrors = total;
		else flow.rules.push({ rule: source.rule, ...total });
	}
	return [...flows].map(([name, flow]) => ({
		name,
		...sum([...flow.rules, ...(flow.icmpErrors ? [flow.icmpErrors] : [])]),
		rules: flow.rules.sort((a, b) => a.rule - b.rule),
		...(flow.icmpErrors && { icmpErrors: flow.icmpErrors }),
	}));
}

/** All packets whose visit ended in the flow. It counts since its oldest part does. */
function sum(parts: Omit<Total, "rule">[]): Omit<Total, "rule"> {
	const times = parts.map((part) => part.since).sort();
	const hits = parts.flatMap((part) => part.lastHit ?? []).sort();
	return {
		packets: parts.reduce((total, part) => total + part.packets, 0),
		bytes: parts.reduce((total, part) => total + part.bytes, 0),
		since: times[0] ?? "",
		lastHit: hits.at(-1) ?? null,
	};
}

/**
 * Reads and emits `counters` as long as somebody watches. Gives a function that begins to watch and in turn gives
 * one that ends it.
 */
export function counterWatch(
	parts: Pick<Parts, "engine" | "events" | "clock">,
): () => () => void {
	const { engine, events, clock } = parts;
	let watchers = 0;
	let reading = false;
	let cancel: (() => void) | null = null;

	async function tick(): Promise<void> {
		cancel = null;
		reading = true;
		const began = clock.monotonic();
		try {
			events.emit("counters", await engine.counters());
		} catch {
			// The kernel can't be read: the status says so, and the next reading may work.
		}
		reading = false;
		const pause = Math.max(
			WATCH_MS,
			(clock.monotonic() - began) * PAUSES_PER_READING,
		);
		if (watchers > 0) cancel = clock.after(pause, () => void tick());
	}

	return () => {
		watchers++;
		if (!reading && cancel === null) void tick();
		let watching = true;
		return () => {
			if (watching) watchers--;
			watching = false;
			if (watchers > 0) return;
			cancel?.();
			cancel = null;
		};
	};
}
