import type { Case } from '../../packages/ccl/test/fuzz/oracles.ts';

/** A smaller input that fails alike, found by leaving out parts; `fails` is asked at most `most` times. */
export function shrink(input: Case, fails: (smaller: Case) => boolean, most = 3_000): Case {
  let asked = 0;
  const holds = (candidate: Case) => asked++ < most && fails(candidate);

  function shorten(text: string, put: (text: string) => Case): string {
    let shortest = text;
    for (let length = text.length; length >= 1; length = Math.floor(length / 2)) {
      for (let at = 0; at < shortest.length; ) {
        const candidate = shortest.slice(0, at) + shortest.slice(at + length);
        if (holds(put(candidate))) shortest = candidate;
        else at += length;
      }
    }
    return shortest;
  }

  let smallest = input;
  for (const request of input.requests) {
    const requests = smallest.requests.filter((each) => each !== request);
    if (holds({ ...smallest, requests })) smallest = { ...smallest, requests };
  }
  const { other } = smallest;
  if (other !== undefined) {
    const { other: _, ...alone } = smallest;
    if (holds(alone)) smallest = alone;
    else smallest = { ...smallest, other: shorten(other, (shorter) => ({ ...smallest, other: shorter })) };
  }
  return { ...smallest, text: shorten(smallest.text, (text) => ({ ...smallest, text })) };
}
