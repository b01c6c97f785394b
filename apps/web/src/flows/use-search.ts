import { type Config, type Diagnostic, parseSearch, print, warmSearch } from "@flowmgr/flow-model";
import { useCallback, useDeferredValue, useEffect, useMemo, useSyncExternalStore } from "react";
import { useLocation, useSearch } from "wouter";
import { counters } from "../api/index.ts";
import { whenIdle } from "../ui/when-idle.ts";
import type { Row } from "./rows.ts";
import { factsOf, foundRows } from "./search.ts";

type Searched = {
  /** As it stands in the address: `?q=`. */
  query: string;
  /** `fresh`: a step of its own for Back; else it takes the place of the one before. */
  setQuery: (query: string, fresh?: boolean) => void;
  /** A moment behind the query where there are thousands of rows, so that no key waits. */
  found: Row[];
  whole: boolean;
};

/** The search of the list. It lives in the address, so that it can be kept, sent and gone back to. */
export function useFlowSearch(
  rows: Row[],
  diagnostics: Diagnostic[],
  draft: Config,
  running: Config | null,
): Searched {
  const [path, go] = useLocation();
  const query = new URLSearchParams(useSearch()).get("q") ?? "";
  const wanted = useDeferredValue(query);
  const reading = useCountersFor(wanted);
  const ask = useMemo(() => factsOf({ rows, diagnostics, counters: reading }), [rows, diagnostics, reading]);
  const found = useMemo(
    () => foundRows(rows, wanted, draft, running, ask),
    [rows, wanted, draft, running, ask],
  );
  useEffect(() => readAhead(draft), [draft]);
  const setQuery = useCallback(
    (next: string, fresh = false) => go(path + searchOf(next), { replace: !fresh }),
    [path, go],
  );
  return { query, setQuery, found, whole: wanted.trim() === "" };
}

/** `?q=...` as a person would write it; nothing for nothing. */
function searchOf(query: string): string {
  if (query === "") return "";
  return `?q=${encodeURIComponent(query).replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%20", "+")}`;
}

/** The counters, only while the search asks for them: each reading would else search again. */
function useCountersFor(query: string) {
  const asked = useMemo(
    () => parseSearch(query).some(({ ask }) => "word" in ask && ask.word === "unused"),
    [query],
  );
  return useSyncExternalStore(counters.subscribe, () => (asked ? counters.get() : null));
}

/** Flows read in one go: a few milliseconds. */
const CHUNK = 200;

/**
 * Reads the config for the search while the browser has nothing else to do, and prints it: what is printed of an item
 * is remembered, so that Text opens at once.
 */
function readAhead(config: Config): () => void {
  let at = 0;
  let cancel = whenIdle(step);
  function step() {
    print({ items: config.items.slice(at, at + CHUNK), comment: [] });
    if (warmSearch(config, at, at + CHUNK)) cancel = whenIdle(step);
    at += CHUNK;
  }
  return () => cancel();
}
