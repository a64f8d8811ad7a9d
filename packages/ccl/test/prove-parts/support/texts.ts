/** All texts, and all lists, up to a length: what the searches are held against. */

/** All lists of at most `most` of these, the shortest first. */
export function listsOf<Item>(items: readonly Item[], most: number): Item[][] {
  const all: Item[][] = [[]];
  let longest: Item[][] = [[]];
  for (let length = 1; length <= most; length++) {
    longest = longest.flatMap((list) => items.map((item) => [...list, item]));
    all.push(...longest);
  }
  return all;
}

/** All texts of at most `most` of these characters, the shortest first. */
export function textsOf(alphabet: string, most: number): string[] {
  return listsOf([...alphabet], most).map((list) => list.join(''));
}
