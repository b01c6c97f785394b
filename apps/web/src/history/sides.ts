/** The two sides of a comparison, as addresses and fields write them. */

/** A revision's number, what is in force, or the draft. */
export type Side = number | "running" | "draft";

/** Null for what names none. */
export function readSide(text: string): Side | null {
  const word = text.trim().toLowerCase();
  if (word === "draft" || word === "running") return word;
  if (word === "in force") return "running";
  const digits = /^(?:#|revision )?(\d{1,15})$/.exec(word)?.[1];
  return digits ? Number(digits) : null;
}

/** From the older to the newer one, the draft being the newest: what came in between is what was done. */
export function byAge(one: number, other: number | "draft"): { from: number; to: number | "draft" } {
  return other === "draft" || one < other ? { from: one, to: other } : { from: other, to: one };
}

/** "revision 12", "the draft" */
export function sideWords(side: number | "draft"): string {
  return side === "draft" ? "the draft" : `revision ${side}`;
}
