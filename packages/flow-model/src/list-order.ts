/** In which order lists can be read, when lists hold lists: what a list names comes before it. */
import type { List } from "./schema.ts";

/** The name in a reference (`@office` gives `office`); null for a value of any other kind. */
export function listNamed(value: string): string | null {
  return value.startsWith("@") ? value.slice(1) : null;
}

type Visit = { name: string; references: string[]; next: number; index: number; low: number };

/**
 * The names of lists, each behind those that it names, with the number of its group: two lists of one group name
 * each other, directly or by way of others, so a reference within a group is part of a cycle.
 *
 * Tarjan's strongly connected components, without recursion: a chain of a hundred thousand lists is a text of two
 * megabytes.
 */
export function orderLists(lists: ReadonlyMap<string, List>): Map<string, number> {
  const groups = new Map<string, number>();
  const visits = new Map<string, Visit>();
  /** Visited and in no group yet. */
  const open: string[] = [];
  const enter = (name: string): Visit => {
    const references = (lists.get(name)?.values ?? []).flatMap((value) => listNamed(value) ?? []);
    const visit = { name, references, next: 0, index: visits.size, low: visits.size };
    visits.set(name, visit);
    open.push(name);
    return visit;
  };
  const leave = ({ name, index, low }: Visit): void => {
    if (low !== index) return;
    const group = groups.size;
    for (const member of open.splice(open.lastIndexOf(name))) groups.set(member, group);
  };
  for (const start of lists.keys()) {
    const way = visits.has(start) ? [] : [enter(start)];
    for (let visit = way.at(-1); visit; visit = way.at(-1)) {
      const reference = visit.references[visit.next];
      visit.next += 1;
      if (reference === undefined) {
        leave(visit);
        way.pop();
        const above = way.at(-1);
        if (above) above.low = Math.min(above.low, visit.low);
      } else if (lists.has(reference)) {
        const met = visits.get(reference);
        if (!met) way.push(enter(reference));
        else if (!groups.has(reference)) visit.low = Math.min(visit.low, met.index);
      }
    }
  }
  return groups;
}
