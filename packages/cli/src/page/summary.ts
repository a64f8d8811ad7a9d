/** What stands above the list: what this is, what was verified and what not, and counts. */
import { byId, count, el, shown, timeText } from './dom.js';
import { type Numbers, ranked, type Texts } from './filters.js';
import type { Meta } from './load.js';
import { type Log, TONES } from './log.js';

const MOST_ROWS = 8;

export function drawHeader(meta: Meta, log: Log): void {
  const on = log.length === meta.size ? 'all' : `${count(log.length)} of ${count(meta.size)}`;
  byId('origin').textContent = shown(meta.origin);
  document.title = `Audit log ${shown(meta.origin, 80)}`;
  byId('facts').append(
    ...fact('Entries in the log', count(meta.size)),
    ...fact('On this page', meta.selection === undefined ? on : `${on}: ${shown(meta.selection, 400)}`),
    ...(meta.first > 0 ? fact('Pruned', `entries before ${count(meta.first)} are gone`) : []),
    ...fact('Root of the tree', meta.root, 'code'),
    ...fact('Read from', shown(meta.source)),
    ...fact('Page made', `${timeText(Date.parse(meta.made))} UTC by ${shown(meta.software)}`),
  );
  byId('checkpoint').textContent = meta.checkpoint;
}

function fact(name: string, text: string, kind: 'code' | 'span' = 'span'): HTMLElement[] {
  return [el('dt', {}, name), el('dd', {}, el(kind, {}, text))];
}

export function drawVerdict(meta: Meta): void {
  const { verification } = meta;
  const box = byId('verdict');
  if (verification === undefined) {
    box.className = 'unknown';
    box.append(
      el('h2', {}, 'Nothing was verified'),
      el(
        'p',
        {},
        'This page was made without a key: neither the signature of the checkpoint nor the tree was looked at.',
      ),
      howToCheck(meta),
    );
    return;
  }
  const { valid, keys, proves, doesNotProve, problems } = verification;
  box.className = valid ? 'valid' : 'invalid';
  box.append(
    el('h2', {}, valid ? 'Verified when this page was made' : 'Not valid: the log does not verify'),
    ...list(problems),
    ...(proves.length > 0 ? [el('h3', {}, 'What was verified'), ...list(proves)] : []),
    ...(doesNotProve.length > 0 ? [el('h3', {}, 'What this does not prove'), ...list(doesNotProve)] : []),
    el('h3', {}, 'With these keys'),
    el('ul', {}, ...keys.map((key) => el('li', {}, el('code', {}, shown(key, 300))))),
    howToCheck(meta),
  );
}

const list = (texts: readonly string[]): HTMLElement[] =>
  texts.length === 0 ? [] : [el('ul', {}, ...texts.map((text) => el('li', {}, shown(text, 1_000))))];

/** The key that was used, quoted for a shell. */
export function keyText({ verification }: Meta): string {
  const key = verification?.keys[0];
  return key === undefined ? '<the key of the log>' : `'${shown(key, 4_096).replaceAll("'", "'\\''")}'`;
}

function howToCheck(meta: Meta): HTMLElement {
  return el(
    'p',
    { class: 'caution' },
    'This page shows evidence and is none: whoever made it could have written anything into it. Check the log or its export yourself: ',
    el('code', {}, `stele audit verify <export> --key ${keyText(meta)}`),
  );
}

type Choose = (choice: 'tone' | 'code' | 'covenant', number: number) => void;

/** Counts by decision, code and covenant; each of them filters the list. */
export function drawCounts(log: Log, choose: Choose): void {
  counts('by-tone', { texts: TONES }, log.tones, (number) => choose('tone', number));
  counts('by-code', log.codeNames, log.codes, (number) => choose('code', number));
  counts('by-covenant', log.covenantNames, log.covenants, (number) => choose('covenant', number));
}

function counts(id: string, names: Texts, column: Numbers, choose: (number: number) => void): void {
  const all = ranked(names, column).filter(([number, times]) => times > 0 && names.texts[number] !== '');
  const most = Math.max(1, ...all.slice(0, 1).map(([, times]) => times));
  const rows = all.slice(0, MOST_ROWS).map(([number, times]) => {
    const bar = el('span', { class: id === 'by-tone' ? `bar ${names.texts[number]}` : 'bar' });
    bar.style.width = `${((100 * times) / most).toFixed(1)}%`;
    const name = el('button', { type: 'button' }, shown(names.texts[number] ?? '', 80));
    name.addEventListener('click', () => choose(number));
    return el(
      'li',
      {},
      name,
      el('span', { class: 'number' }, count(times)),
      el('span', { class: 'track' }, bar),
    );
  });
  const rest = all.slice(MOST_ROWS).reduce((sum, [, times]) => sum + times, 0);
  if (rest > 0)
    rows.push(
      el(
        'li',
        {},
        el('span', {}, `${count(all.length - MOST_ROWS)} others`),
        el('span', { class: 'number' }, count(rest)),
      ),
    );
  byId(id).replaceChildren(...rows);
}
