import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import styles from "./menu.module.css";

/**
 * One thing to do: a label, its key, and what happens; `disabled` may say why not. `"line"` is a hairline between
 * groups.
 */
export type MenuEntry =
  | { label: string; hint?: string; run: () => void; disabled?: boolean | string | null; danger?: boolean }
  | "line";

type MenuProps = {
  /** What the button opens; read out, and shown on hover. */
  label: string;
  entries: () => MenuEntry[];
  children: ReactNode;
  className?: string | undefined;
  tabIndex?: number;
  /** What the button is called where the focus is moved to it. */
  part?: string;
};

/** A button with a menu. Arrows move, a letter jumps, Esc or a click beside closes and gives the focus back. */
export function Menu({ label, entries, children, className, tabIndex, part }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const pressedOpen = useRef(false);
  const id = useId();
  const shut = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        data-part={part}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        tabIndex={tabIndex}
        // A press beside the list closes it, in some browsers before the click comes that would open it again.
        onPointerDown={() => {
          pressedOpen.current = open;
        }}
        onClick={(event) => {
          event.stopPropagation();
          setOpen(event.detail > 0 ? !pressedOpen.current : !open);
        }}
      >
        {children}
      </button>
      {open ? (
        <MenuList id={id} anchor={button.current} label={label} entries={entries()} shut={shut} />
      ) : null}
    </>
  );
}

type ListProps = {
  id: string;
  anchor: HTMLElement | null;
  label: string;
  entries: MenuEntry[];
  shut: () => void;
};

function MenuList({ id, anchor, label, entries, shut }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = list.current;
    if (!element || !anchor) return;
    element.showPopover();
    place(element, anchor.getBoundingClientRect());
    itemsOf(element)[0]?.focus();
  }, [anchor]);
  return (
    <div
      ref={list}
      id={id}
      className={styles.menu}
      role="menu"
      aria-label={label}
      tabIndex={-1}
      popover="auto"
      onToggle={(event) => {
        if (event.newState === "closed") shut();
      }}
      onClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => moved(event, list.current, shut)}
    >
      {entries.map((entry, index) =>
        entry === "line" ? (
          <hr key={index} className={styles.line} />
        ) : (
          <button
            key={entry.label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            aria-disabled={entry.disabled ? true : undefined}
            title={typeof entry.disabled === "string" ? entry.disabled : undefined}
            className={`${styles.entry} ${entry.danger ? styles.danger : ""}`}
            onClick={() => {
              if (entry.disabled) return;
              shut();
              entry.run();
            }}
          >
            <span>
              {entry.label}
              {typeof entry.disabled === "string" ? <small>{entry.disabled}</small> : null}
            </span>
            {entry.hint ? <kbd>{entry.hint}</kbd> : null}
          </button>
        ),
      )}
    </div>
  );
}

function itemsOf(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
}

function moved(event: KeyboardEvent, list: HTMLElement | null, shut: () => void): void {
  event.stopPropagation();
  const items = itemsOf(list);
  const focused = document.activeElement;
  const at = focused instanceof HTMLElement ? items.indexOf(focused) : -1;
  const target = targetOf(event.key, items, at);
  if (event.key === "Tab" || event.key === "Escape") shut();
  if (!target && event.key !== "Escape") return;
  event.preventDefault();
  target?.focus();
}

function targetOf(key: string, items: HTMLElement[], at: number): HTMLElement | undefined {
  if (key === "ArrowDown") return items[(at + 1) % items.length];
  if (key === "ArrowUp") return items[(at - 1 + items.length) % items.length];
  if (key === "Home") return items[0];
  if (key === "End") return items.at(-1);
  if (key.length !== 1 || key === " ") return undefined;
  const from = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return from.find((item) => item.textContent?.toLowerCase().startsWith(key.toLowerCase()));
}

/** Below the button, or above it where the window ends; never outside. */
export function place(list: HTMLElement, { left, top, bottom }: DOMRect): void {
  const { width, height } = list.getBoundingClientRect();
  const y = bottom + height + 8 > innerHeight ? Math.max(8, top - height - 4) : bottom + 4;
  list.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  list.style.top = `${y}px`;
}
