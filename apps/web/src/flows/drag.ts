/**
 * Dragging rows by their grip, with pointer events alone: a library measures every row that can be dropped on, and
 * here most rows do not exist. Where the pointer is decides, and the list knows where its rows would be.
 */
import { type PointerEvent as ReactPointerEvent, type RefObject, useEffect, useRef, useState } from "react";

/** A place between two rows: how many stand above it, and where it is drawn in the list's body, in pixels. */
export type DropGap = { index: number; y: number };

type DragOptions = {
  scroller: RefObject<HTMLElement | null>;
  line: RefObject<HTMLElement | null>;
  /** The gap nearest to a height in what scrolls. */
  gapAt: (y: number) => DropGap;
  /** What moves when this flow is taken; null when it cannot be. */
  take: (name: string) => ReadonlySet<string> | null;
  drop: (names: ReadonlySet<string>, index: number) => void;
};

/** Pixels that a pointer may stray in a click; more is a drag. */
const SLOP = 5;
/** Pixels from an edge within which the list scrolls, and the most that it does in a frame at first. */
const EDGE = 48;
const FASTEST = 40;
/** Frames at an edge after which it goes as fast again, and how much faster it gets: ten thousand rows in 15 s. */
const FASTER_AFTER = 60;
const FASTER_MOST = 12;

/** Names that are being dragged, and what the body of the list listens to. Escape puts everything back. */
export function useDrag(options: DragOptions) {
  const [dragged, setDragged] = useState<ReadonlySet<string> | null>(null);
  const current = useRef(options);
  current.current = options;
  const stop = useRef<(() => void) | null>(null);
  useEffect(() => () => stop.current?.(), []);

  function onPointerDown(event: ReactPointerEvent): void {
    const grip = event.target instanceof Element ? event.target.closest("[data-grip]") : null;
    const name = grip?.closest<HTMLElement>("[data-flow]")?.dataset.flow;
    if (name === undefined || event.button !== 0 || stop.current) return;
    stop.current = follow(event.nativeEvent, {
      options: () => current.current,
      begin: () => {
        const names = current.current.take(name);
        setDragged(names);
        return names;
      },
      ended: () => {
        stop.current = null;
        setDragged(null);
      },
    });
  }
  return { dragged, onPointerDown };
}

type Following = {
  options: () => DragOptions;
  begin: () => ReadonlySet<string> | null;
  ended: () => void;
};

/** Follows one pointer until it is let go; gives what ends it early. */
function follow(down: PointerEvent, { options, begin, ended }: Following): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  let names: ReadonlySet<string> | null = null;
  let gap: DropGap | null = null;
  let y = down.clientY;
  let frame = 0;
  let atEdge = 0;

  function end(drops: boolean) {
    listening.abort();
    cancelAnimationFrame(frame);
    draw(options().line.current, null);
    ended();
    if (drops && names && gap) options().drop(names, gap.index);
  }
  /** Once a frame: scrolls at the edges, and draws where the rows would go. */
  function look() {
    const { scroller, line, gapAt } = options();
    const element = scroller.current;
    if (element) {
      const { top, bottom } = element.getBoundingClientRect();
      const speed = speedAt(y, top, bottom);
      atEdge = speed === 0 ? 0 : atEdge + 1;
      element.scrollTop += speed * Math.min(FASTER_MOST, 1 + atEdge / FASTER_AFTER);
      gap = gapAt(Math.max(top, Math.min(y, bottom)) - top + element.scrollTop);
      draw(line.current, gap);
    }
    frame = requestAnimationFrame(look);
  }
  function moved(event: PointerEvent) {
    if (event.pointerId !== down.pointerId) return;
    y = event.clientY;
    if (names) return;
    if (Math.hypot(event.clientX - down.clientX, y - down.clientY) < SLOP) return;
    names = begin();
    if (!names) return end(false);
    // From the list and not from the row, which may scroll out of sight and then exists no more.
    options().scroller.current?.setPointerCapture(down.pointerId);
    look();
  }
  addEventListener("pointermove", moved, { signal });
  addEventListener("pointerup", (event) => event.pointerId === down.pointerId && end(names !== null), {
    signal,
  });
  addEventListener("pointercancel", () => end(false), { signal });
  addEventListener("blur", () => end(false), { signal });
  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !names) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      end(false);
    },
    { signal, capture: true },
  );
  return () => end(false);
}

/** Pixels to scroll in this frame: the nearer to the edge, or beyond it, the faster. */
function speedAt(y: number, top: number, bottom: number): number {
  const above = top + EDGE - y;
  const below = y - (bottom - EDGE);
  if (above > 0) return -Math.min(FASTEST, above / 3);
  return below > 0 ? Math.min(FASTEST, below / 3) : 0;
}

function draw(line: HTMLElement | null, gap: DropGap | null): void {
  if (!line) return;
  line.hidden = gap === null;
  if (gap) line.style.transform = `translateY(${gap.y}px)`;
}
