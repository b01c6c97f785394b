/** Secrets that we make ourselves: 256 random bits, shown once, stored hashed. */
import { createHash, randomBytes } from "node:crypto";

export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What is stored of a secret. No salt and no slow hash: nobody guesses 256 random bits. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
