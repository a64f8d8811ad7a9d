/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
}

/** What may be there or not, and is no fault either way, is `ok`. */
export const fine = (name: string, message: string): Finding => ({ name, ok: true, message });
export const bad = (name: string, message: string): Finding => ({ name, ok: false, message });
