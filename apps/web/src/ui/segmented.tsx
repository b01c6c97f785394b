import { type ReactNode, useId } from "react";
import styles from "./segmented.module.css";

export type Segment<V extends string> = { value: V; label: ReactNode; className?: string | undefined };

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
  return (
    <fieldset className={styles.group} disabled={disabled}>
      <legend>{legend}</legend>
      <div className={styles.segments}>
        {segments.map((segment) => (
          <label key={segment.value} className={segment.className}>
            <input
              type="radio"
              name={name}
              value={segment.value}
              checked={segment.value === value}
              onChange={() => set(segment.value)}
            />
            <span>{segment.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
