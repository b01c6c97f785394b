import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import styles from "./button.module.css";

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: "plain" | "outline" | "primary" | "danger" | "link";
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
};

export function Button({ look = "outline", small = false, className, ...rest }: ButtonProps) {
  const names = [styles.button, styles[look], small ? styles.small : "", className ?? ""];
  return <button type="button" {...rest} className={names.join(" ")} />;
}

type IconButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "children"> & {
  /** What it does; read out, and shown on hover. */
  label: string;
  children: ReactNode;
  ref?: Ref<HTMLButtonElement>;
};

export function IconButton({ label, children, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      {...rest}
      aria-label={label}
      className={`${styles.icon} ${className ?? ""}`}
    >
      {children}
    </button>
  );
}
