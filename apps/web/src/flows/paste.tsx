import { useEffect, useRef } from "react";
import { notify } from "../ui/notices.tsx";

/** Flow text pasted anywhere but into a field is inserted; Ctrl+C on a row gives its text. */
export function useClipboard(insert: (text: string) => string | null, copied: () => string | null): void {
  const current = useRef({ insert, copied });
  current.current = { insert, copied };
  useEffect(() => {
    function pasted(event: ClipboardEvent) {
      if (isField(event.target)) return;
      const text = event.clipboardData?.getData("text/plain").trim();
      if (!text) return;
      event.preventDefault();
      const problem = current.current.insert(text);
      if (problem) notify({ text: `Not inserted. ${problem}`, tone: "error" });
    }
    function copy(event: ClipboardEvent) {
      if (isField(event.target) || getSelection()?.isCollapsed === false) return;
      const text = current.current.copied();
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    }
    document.addEventListener("paste", pasted);
    document.addEventListener("copy", copy);
    return () => {
      document.removeEventListener("paste", pasted);
      document.removeEventListener("copy", copy);
    };
  }, []);
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("input, textarea, select, dialog, [contenteditable=true]") !== null
  );
}
