/** Message and confirm time. */
import { useId } from "react";
import { useStatus } from "../api/index.ts";
import styles from "./review.module.css";

/** Until the status has said what the setting is. */
export const DEFAULT_WITHIN = 60;

const CHOICES = [30, 60, 120, 300];

type ApplyFormProps = {
  message: string;
  setMessage: (message: string) => void;
  within: number;
  setWithin: (seconds: number) => void;
};

export function ApplyForm({ message, setMessage, within, setWithin }: ApplyFormProps) {
  const id = useId();
  const setting = useStatus().data?.confirmWithin;
  const choices = new Set([...CHOICES, ...(setting ? [setting] : [])]);
  return (
    <div className={styles.form}>
      <div className={styles.field}>
        <label htmlFor={`${id}-message`}>Message</label>
        <input
          id={`${id}-message`}
          value={message}
          maxLength={500}
          placeholder="why, for those who read the history"
          onChange={(event) => setMessage(event.target.value)}
        />
      </div>
      <div className={styles.field}>
        <label htmlFor={`${id}-within`}>Unless confirmed within</label>
        <select
          id={`${id}-within`}
          value={within}
          aria-describedby={`${id}-means`}
          onChange={(event) => setWithin(Number(event.target.value))}
        >
          {[...choices]
            .sort((a, b) => a - b)
            .map((seconds) => (
              <option key={seconds} value={seconds}>
                {duration(seconds)}
              </option>
            ))}
          <option value={0}>for good at once</option>
        </select>
      </div>
      <p id={`${id}-means`} className={within === 0 ? styles.forGood : styles.means}>
        {within === 0
          ? "Nobody is asked and nothing goes back by itself: if these rules cut you off, they stay until somebody mends them at the machine."
          : `You are asked "Keep these rules?". Without an answer within ${duration(within)}, the old rules come back by themselves.`}
      </p>
    </div>
  );
}

/** "30 seconds", "2 minutes" */
export function duration(seconds: number): string {
  if (seconds % 60 !== 0 || seconds < 120) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  return `${seconds / 60} minutes`;
}
