import { useEffect, useRef } from "react";
import { type Arrivals as All, arrivals, useStatus, useStore } from "../api/index.ts";
import { notify } from "../ui/notices.tsx";
import { counted } from "../ui/say.ts";
import { useMedia } from "../ui/use-media.ts";

/** Tells of what somebody else just changed: a quiet line, and for a moment a light on the rows. */
export function Arrivals() {
  const all = useStore(arrivals);
  const still = useMedia("(prefers-reduced-motion: reduce)");
  const you = useStatus().data?.you.name;
  const seen = useRef(all);
  useEffect(() => {
    const fresh: All = new Map([...all].filter(([name, one]) => seen.current.get(name) !== one));
    seen.current = all;
    const [first] = fresh.values();
    if (!first) return;
    const by = first.by === you ? `${you}, elsewhere,` : first.by;
    notify({ text: `${by} ${wordsOf(fresh)}`, tone: "news" });
    if (still) return;
    // The rows of what came are drawn by now; each is lit where it stands.
    for (const row of document.querySelectorAll<HTMLElement>("[data-flow]")) {
      if (!fresh.has(row.dataset.flow ?? "")) continue;
      row.animate(
        { backgroundColor: ["var(--accent-soft)", "transparent"] },
        { duration: 2400, easing: "ease-in" },
      );
    }
  }, [all, still, you]);
  return null;
}

/** "changed mail, removed ssh", "changed 12 flows" */
function wordsOf(fresh: All): string {
  if (fresh.size > 3) return `changed ${counted(fresh.size, "item")}`;
  return [...fresh].map(([name, { what }]) => `${what} ${name}`).join(", ");
}
