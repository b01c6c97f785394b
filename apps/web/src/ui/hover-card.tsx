import { type FocusEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import styles from "./hover-card.module.css";
import { place } from "./menu.tsx";

/** Long enough to cross from the word to its card. */
const LINGERS_MS = 150;

type HoverCardProps = {
  /** What the card is about; read out. */
  label: string;
  card: () => ReactNode;
  children: ReactNode;
};

/** More about a word: shown while the pointer or the focus is on it or in the card; Tab leads in, Esc closes. */
export function HoverCard({ label, card, children }: HoverCardProps) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLDivElement>(null);
  const later = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(later.current), []);

  function show() {
    clearTimeout(later.current);
    setOpen(true);
  }
  function left(event: FocusEvent) {
    if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
  }
  function pressed(event: KeyboardEvent) {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    event.preventDefault();
    setOpen(false);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what takes the focus is inside
    <div
      ref={anchor}
      className={styles.anchor}
      onMouseEnter={show}
      onMouseLeave={() => {
        later.current = setTimeout(() => setOpen(false), LINGERS_MS);
      }}
      onFocus={show}
      onBlur={left}
      onKeyDown={pressed}
    >
      {children}
      {open ? (
        <Card label={label} anchor={anchor.current}>
          {card()}
        </Card>
      ) : null}
    </div>
  );
}

type CardProps = { label: string; anchor: HTMLElement | null; children: ReactNode };

function Card({ label, anchor, children }: CardProps) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!ref.current || !anchor) return;
    ref.current.showPopover();
    place(ref.current, anchor.getBoundingClientRect());
  }, [anchor]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fields to group, a note with a link
    <div ref={ref} role="group" aria-label={label} popover="manual" className={styles.card}>
      {children}
    </div>
  );
}
