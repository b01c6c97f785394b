import { menuOf, perform } from "../ui/actions.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Menu } from "../ui/menu.tsx";
import type { BulkActions } from "./bulk-actions.ts";
import styles from "./bulk-bar.module.css";

type BulkBarProps = { count: number; narrow: boolean; actions: BulkActions; clear: () => void };

/** Below the list while flows are selected, so that no row jumps when the first one is. */
export function BulkBar({ count, narrow, actions, clear }: BulkBarProps) {
  const { on, off, up, down, top, end, before, change, duplicate, copy, remove } = actions;
  const moves = [up, down, top, end, before];
  const inMenu = narrow
    ? menuOf([on, off], moves, [change], [duplicate, copy], [remove])
    : menuOf([duplicate, copy]);
  return (
    <section className={styles.bar} aria-label="Selected flows">
      <p className={styles.count} role="status">
        {count.toLocaleString("en")} selected
      </p>
      {narrow ? null : (
        <>
          {[on, off].map((action) => (
            <Button
              key={action.label}
              small
              aria-disabled={action.disabled !== null || undefined}
              title={action.disabled ?? undefined}
              onClick={() => perform(action)}
            >
              {action.label}
            </Button>
          ))}
          <Menu label="Move the selected flows" className={styles.menu} entries={() => menuOf(moves)}>
            Move <span aria-hidden="true">▾</span>
          </Menu>
          <Button small onClick={() => perform(change)}>
            {change.label}
          </Button>
          <Button small onClick={() => perform(remove)}>
            {remove.label}
          </Button>
        </>
      )}
      <Menu label="Actions of the selected flows" className={styles.menu} entries={() => inMenu}>
        {narrow ? (
          <>
            Actions <span aria-hidden="true">▾</span>
          </>
        ) : (
          <span aria-hidden="true">⋯</span>
        )}
      </Menu>
      <span className={styles.space} />
      <IconButton label="Select nothing (Esc)" onClick={clear}>
        <span aria-hidden="true">✕</span>
      </IconButton>
    </section>
  );
}
