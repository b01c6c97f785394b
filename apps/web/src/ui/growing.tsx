import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import styles from "./growing.module.css";
import { counted } from "./say.ts";

/** Lines drawn at a time: more than a screen shows. */
const STEP = 100;
/** How far below the screen the end of what is drawn may come before more is. */
const AHEAD = "800px";

/**
 * How many of `count` are drawn: ten thousand are as quick to open as a hundred, and more come whenever one nears
 * their end. `more` stands behind them and says how many are left; `noun` is what one of them is. `step`: fewer where one is tall.
 */
export function useGrowing(count: number, noun: string, step = STEP): { shown: number; more: ReactNode } {
  const [wanted, setWanted] = useState(step);
  const grow = useCallback(() => setWanted((now) => now + step), [step]);
  const shown = Math.min(count, wanted);
  // Drawn anew at each step, so that an end which is still in sight asks again.
  const more =
    shown < count ? <More key={shown} text={counted(count - shown, `more ${noun}`)} grow={grow} /> : null;
  return { shown, more };
}

function More({ text, grow }: { text: string; grow: () => void }) {
  const end = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver(
      (seen) => {
        if (seen.some(({ isIntersecting }) => isIntersecting)) grow();
      },
      { rootMargin: AHEAD },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [grow]);
  return (
    <button ref={end} type="button" className={styles.more} onClick={grow}>
      and {text}
    </button>
  );
}
