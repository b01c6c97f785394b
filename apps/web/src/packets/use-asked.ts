import { useEffect, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { type Asked, askedOf, searchAddress } from "./asked.ts";

/** Milliseconds for which a text has to stand before it is searched for. */
const STANDS_MS = 250;

/** What is searched for lives in the address; the line that is being typed is a moment ahead of it. */
export function useAsked(): {
  asked: Asked;
  line: string;
  type: (line: string) => void;
  set: (change: Partial<Asked>) => void;
} {
  const [, go] = useLocation();
  const asked = askedOf(useSearch());
  const [line, setLine] = useState(asked.text);
  const written = useRef(asked.text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(asked);
  latest.current = asked;
  // Back, a link, or the sentence below says something else.
  useEffect(() => {
    if (asked.text !== written.current) setLine(asked.text);
    written.current = asked.text;
  }, [asked.text]);
  useEffect(() => () => clearTimeout(timer.current), []);

  function set(change: Partial<Asked>): void {
    clearTimeout(timer.current);
    const next = { ...latest.current, ...change };
    written.current = change.text === undefined ? written.current : next.text.trim();
    go(searchAddress(next), { replace: true });
  }

  function type(next: string): void {
    setLine(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => set({ text: next }), STANDS_MS);
  }

  return {
    asked,
    line,
    type,
    set(change) {
      if (change.text !== undefined) setLine(change.text);
      set(change);
    },
  };
}
