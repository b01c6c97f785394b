/** IPv4 or IPv6. */
export type Family = 4 | 6;
