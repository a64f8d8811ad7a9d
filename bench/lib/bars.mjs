/** What a candidate is asked to reach. Each bar tells what a run found as `{ met, found }`; nothing fails because of it. */

import { percent, rate, time } from './numbers.mjs';
import { ratio } from './statistics.mjs';

/** At least this share of another candidate's rate, round by round. */
export const share = (least, of) => ({
  text: `at least ${percent(least)} of “${of}”`,
  judge: (row, rows) => {
    const found = ratio(row.rates, rows.find(({ name }) => name === of).rates);
    return { met: found >= least, found: percent(found) };
  },
});

/** The same, and how much longer an operation takes than that candidate's. */
export const shareAndCost = (least, of) => ({
  text: share(least, of).text,
  judge: (row, rows) => {
    const { met, found } = share(least, of).judge(row, rows);
    const added = row.micros - rows.find(({ name }) => name === of).micros;
    return { met, found: `${found}, ${time(added)} more` };
  },
});

/** At least so many operations a second, in the median round. */
export const perSecond = (least) => ({
  text: `at least ${rate(least)}/s`,
  judge: (row) => ({ met: row.median >= least, found: `${rate(row.median)}/s` }),
});

/** At most so many microseconds for an operation, in the median round. */
export const within = (most) => ({
  text: `at most ${time(most)}`,
  judge: (row) => ({ met: row.micros <= most, found: time(row.micros) }),
});

/** The same for a percentile of single operations, `p50` or `p99`. */
export const percentile = (which, most) => ({
  text: `${which} at most ${time(most)}`,
  judge: (row) => ({ met: row[which] <= most, found: time(row[which]) }),
});

/** At most so many times the percentile of another candidate. */
export const percentileTimes = (which, most, of) => ({
  text: `${which} at most ${most} times that of “${of}”`,
  judge: (row, rows) => {
    const found = row[which] / rows.find(({ name }) => name === of)[which];
    return { met: found <= most, found: `${found.toFixed(2)} times` };
  },
});
