import { useEffect, useRef } from "react";

/** "j", "Alt+ArrowUp", "Ctrl+Shift+z": the names that `keys` uses. */
function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const alt = event.altKey ? "Alt+" : "";
  // "?" needs Shift on most keyboards; only where Shift makes a difference is it named.
  const shift = event.shiftKey && (ctrl || alt || key.length > 1 || /^[a-z]$/.test(key)) ? "Shift+" : "";
  return `${ctrl}${alt}${shift}${key}`;
}

/** Whether keys belong to what has the focus: a field, a button's Enter and Space, an open dialog or menu. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("input, textarea, select, dialog, [role=menu]")) return true;
  // The text editor had its turn; what it leaves of the keys with Alt is the place's.
  if (target.closest("[contenteditable=true]")) return !event.altKey;
  return (event.key === "Enter" || event.key === " ") && target.closest("button, a, [role=switch]") !== null;
}

/** Keys of a place. A handler that gives false lets the key through. */
export function useKeys(keys: { [name: string]: () => unknown }): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    function pressed(event: KeyboardEvent) {
      if (event.defaultPrevented || isTaken(event)) return;
      const handler = current.current[nameOf(event)];
      if (handler && handler() !== false) event.preventDefault();
    }
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
