import type { HealthLine } from "@flowmgr/flow-api";
import { type PathState, stateOf } from "./health.ts";
import styles from "./paths.module.css";

const SIGNS: { [S in PathState]: { sign: string; word: string } } = {
  ok: { sign: "✓", word: "ok" },
  warning: { sign: "▲", word: "warning" },
  error: { sign: "✕", word: "error" },
  unknown: { sign: "?", word: "unknown" },
  off: { sign: "–", word: "not needed" },
};

/** Icon, word and colour. */
function Sign({ state }: { state: PathState }) {
  const { sign, word } = SIGNS[state];
  return (
    <span className={`${styles.sign} ${styles[state]}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}

/** The state of all lines together, for the head of a row. */
export function PathSign({ health }: { health: readonly HealthLine[] }) {
  return <Sign state={stateOf(health)} />;
}

/** Each thing that must be so for packets to arrive, and whether it is. */
export function HealthLines({ health }: { health: readonly HealthLine[] }) {
  return (
    <ul className={styles.health}>
      {health.map(({ what, state, text }) => (
        <li key={`${what} ${text}`}>
          <Sign state={state} />
          <span className={styles.what}>{what}</span>
          <span>{text}</span>
        </li>
      ))}
    </ul>
  );
}
