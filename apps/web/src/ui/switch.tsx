import styles from "./switch.module.css";

type SwitchProps = {
  on: boolean;
  set: (on: boolean) => void;
  /** What it switches; read out. */
  label: string;
  disabled?: boolean;
  /** Why it cannot be switched, for the pointer. */
  title?: string | undefined;
  tabIndex?: number;
};

export function Switch({ on, set, label, disabled, title, tabIndex }: SwitchProps) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={label}
      disabled={disabled}
      title={title}
      tabIndex={tabIndex}
      className={styles.switch}
      onClick={(event) => {
        event.stopPropagation();
        set(!on);
      }}
    >
      <span className={styles.knob} />
    </button>
  );
}
