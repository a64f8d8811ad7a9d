/** Texts are remembered up to this length, so many of them; then all are forgotten. */
const MAX_LENGTH = 256;
const MAX_TEXTS = 1_000;

/** The same function with a memory, for texts that come again and again. */
export function remembering(answer: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const answered = answer(text);
    if (text.length > MAX_LENGTH) return answered;
    if (known.size >= MAX_TEXTS) known.clear();
    known.set(text, answered);
    return answered;
  };
}
