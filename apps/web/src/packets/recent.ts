/** The packets that were tested last in this browser, the latest first, as lines. */
import { createStore } from "../ui/store.ts";

const KEY = "flowmgr.tested-packets";
const KEPT = 6;

export const testedPackets = createStore<readonly string[]>(read());

export function tested(line: string): void {
  if (testedPackets.get()[0] === line) return;
  const lines = [line, ...testedPackets.get().filter((one) => one !== line)].slice(0, KEPT);
  testedPackets.set(lines);
  try {
    localStorage.setItem(KEY, JSON.stringify(lines));
  } catch {
    // No room, or not allowed: they are remembered until the page is left.
  }
}

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((line) => typeof line === "string").slice(0, KEPT) : [];
  } catch {
    return [];
  }
}
