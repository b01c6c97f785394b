/** Which actions were used lately in this browser, the latest first. */
const KEY = "flowmgr.recent-actions";
const KEPT = 8;

export function recentActions(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

export function usedAction(id: string): void {
  const ids = [id, ...recentActions().filter((one) => one !== id)].slice(0, KEPT);
  try {
    localStorage.setItem(KEY, JSON.stringify(ids));
  } catch {
    // No room, or not allowed: the action is done all the same.
  }
}
