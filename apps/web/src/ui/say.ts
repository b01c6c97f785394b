/** Numbers, times and sentences in the words of these places. */

/** "1 error", "2 errors" */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** "use proto icmp" -> "Use proto icmp." */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?:]$/.test(first) ? first : `${first}.`;
}

const DAY = { day: "numeric", month: "short" } as const;
// Made once: making one takes longer than drawing the row that the time stands in.
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", DAY);
const DATE_OF_YEAR = new Intl.DateTimeFormat("en-GB", { ...DAY, year: "numeric" });

/** "14:20" today, "3 Nov 14:20" before. */
export function clock(at: string, now = new Date()): string {
  const date = new Date(at);
  const time = TIME.format(date);
  if (date.toDateString() === now.toDateString()) return time;
  const day = date.getFullYear() === now.getFullYear() ? DATE : DATE_OF_YEAR;
  return `${day.format(date)} ${time}`;
}

/** "14:20" today, "3 Nov" before. */
export function timeOrDay(at: string): string {
  const date = new Date(at);
  return (date.toDateString() === new Date().toDateString() ? TIME : DATE).format(date);
}
