/** How a guard over HTTP ends, for frameworks that go on by a callback: the request goes on, is answered, or fails. */
import { type Denial, denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import { isPromise, type Soon } from '../lib/soon.js';

/**
 * Lets a request go on, once, or stops it.
 * @param enter whether it is let in; what it throws, or rejects with, stops the request
 * @param next goes on, or fails with an error. It stands outside of what is caught: what a handler throws is no failure of the guard
 * @param answer answers with a denial; where it throws, something has answered already, say
 */
export function goOn(
  enter: () => Soon<boolean>,
  next: (error?: Error) => void,
  answer: (denial: Denial) => void,
): void {
  const ended = (isLetIn: boolean) => {
    if (isLetIn) next();
  };
  const stopped = (error: unknown) => {
    try {
      if (error instanceof CovenantDeniedError) return answer(denialOf(error.decision));
    } catch (failure) {
      return next(asError(failure));
    }
    next(asError(error));
  };
  let entering: Soon<boolean>;
  try {
    entering = enter();
  } catch (error) {
    stopped(error);
    return;
  }
  // Callbacks wait for no promise: whatever goes wrong has to reach `next` from here.
  if (isPromise(entering)) entering.then(ended, stopped);
  else ended(entering);
}

/** What stopped a guard, as it is where it is an object: frameworks take what is falsy, and some words, for leave to go on. */
const asError = (thrown: unknown): Error =>
  typeof thrown === 'object' && thrown !== null
    ? (thrown as Error)
    : new Error('the guard failed', { cause: thrown });
