/** Addresses for people; `null` where there is none. */
export interface Links {
  readonly page: string | null;
  readonly install: string | null;
}
export const NO_LINKS: Links = { page: null, install: null };
