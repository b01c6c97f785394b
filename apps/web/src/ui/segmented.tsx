import { type ReactNode, useId } from "react";
import styles from "./segmented.module.css";

export type Segment<V extends string> = {
  value: V;
  label: ReactNode;
  className?: string | undefined;
  /** Why it cannot be chosen now; said below, so that nobody has to guess. */
  refused?: string | undefined;
};

type SegmentedProps<V extends string> = {
  legend: string;
  segments: Segment<V>[];
  value: V | null;
  set: (value: V) => void;
  disabled?: boolean;
};

/** One of a few, all seen at once: radio buttons drawn side by side. */
export function Segmented<V extends string>({ legend, segments, value, set, disabled }: SegmentedProps<V>) {
  const name = useId();
  const reasons = segments.flatMap(({ refused }) => refused ?? []);
  return (
    <fieldset className={styles.group} disabled={disabled}>
      <legend>{legend}</legend>
      <div className={styles.segments}>
        {segments.map((segment) => (
          <label key={segment.value} className={segment.refused ? styles.refused : segment.className}>
            <input
              type="radio"
              name={name}
              value={segment.value}
              checked={segment.value === value}
              disabled={segment.refused !== undefined && segment.value !== value}
              aria-describedby={segment.refused ? `${name}-reasons` : undefined}
              onChange={() => set(segment.value)}
            />
            <span>{segment.label}</span>
          </label>
        ))}
      </div>
      {reasons.length > 0 ? (
        <p id={`${name}-reasons`} className={styles.reasons}>
          {reasons.join(" ")}
        </p>
      ) : null}
    </fieldset>
  );
}
