/** The page of a log: reads what it carries and puts its parts together. */
import { Detail } from './detail.js';
import { byId, count } from './dom.js';
import { Filters } from './filters.js';
import { List } from './list.js';
import { loadPayload } from './load.js';
import { Log } from './log.js';
import { Tree } from './proof.js';
import { drawCounts, drawHeader, drawVerdict } from './summary.js';
import { Timeline } from './timeline.js';

async function start(): Promise<void> {
  const payload = await loadPayload();
  const { meta } = payload;
  const log = await Log.read(payload.entries, meta, (done) => {
    byId('loading').textContent = `Reading the log: ${count(done)} entries`;
  });
  drawHeader(meta, log);
  drawVerdict(meta);

  const list = new List(log, (position) => detail.open(position));
  const detail = new Detail({
    meta,
    log,
    tree: new Tree(payload),
    neighbour: (position, by) => list.neighbour(position, by),
    onClose: (position) => list.focus(position),
  });
  const timeline = new Timeline(log, (from, to) => filters.between(from, to));
  const filters = new Filters(log, (positions) => {
    list.show(positions);
    timeline.draw(positions);
  });
  drawCounts(log, (choice, number) => filters.choose(choice, number));
  byId('loading').hidden = true;
  byId('content').hidden = false;
  await filters.apply();
  openNamed(log, detail);
}

/** `#entry-17` behind the address opens that entry. */
function openNamed(log: Log, detail: Detail): void {
  const index = /^#entry-(\d{1,15})$/.exec(location.hash)?.[1];
  const position = index === undefined ? -1 : log.positionOf(Number(index));
  if (position !== -1) detail.open(position);
}

start().catch((error: unknown) => {
  byId('loading').textContent =
    `This page cannot be read: ${error instanceof Error ? error.message : String(error)}`;
});
