import type { Counters } from "@flowmgr/flow-api";
import { useEffect } from "react";
import { useStore } from "../ui/store.ts";
import { counters, watchCounters } from "./events.ts";

/** The latest reading; counters are read only while some tab that is seen calls this. */
export function useCounters(): Counters | null {
  useEffect(watchCounters, []);
  return useStore(counters);
}
