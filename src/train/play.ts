import { type Awaitable, after, firstOf } from "../awaitable.ts";
import type { Order } from "../plan.ts";
import type { Side } from "./side.ts";

/** A tensor with a number that is not finite, found by the programs of a player. */
export interface NotFinite {
  readonly tensor: string;
  readonly player: string;
}

/**
 * Plays a round; where a number is not finite, gives the first, and every player is to be as it was before, by the journal where something was put in place.
 */
export type PlayRound = (movers: readonly Side[]) => Awaitable<NotFinite | undefined>;

type Attempt = (side: Side) => Awaitable<string | undefined>;

/** How rounds of an order are played by some sides, each of which begins its move in the same way. */
export const roundsInOrder: Readonly<Record<Order, (sides: readonly Side[], begin: Attempt) => PlayRound>> = {
  alternating(sides, begin) {
    let refused: NotFinite | undefined;
    // made once for each side: this is in every step
    const moves = new Map(
      sides.map((side) => {
        const refuse = (tensor: string | undefined) => {
          refused ??= foundBy(side, tensor);
        };
        const step = () => (refused ? undefined : after(side.step(false), refuse));
        const move = () => after(after(begin(side), refuse), step); // a block is selected in a round that is skipped, too
        return [side, move];
      }),
    );
    const move = (side: Side) => moves.get(side)!();
    const outcome = () => refused;
    return (movers) => {
      refused = undefined;
      return after(firstOf(movers, move), outcome);
    };
  },
  simultaneous: (_, begin) => async (movers) => {
    const refused = (await every(movers, begin)) ?? (await first(movers, (side) => side.step(true)));
    if (!refused) for (const side of movers) await side.accept();
    return refused;
  },
  extragradient: (_, begin) => async (movers) => {
    const refused = (await every(movers, begin)) ?? (await first(movers, (side) => side.step(true)));
    if (refused) return refused;
    for (const side of movers) await side.predict();
    const refusedThere = await first(movers, (side) => side.correct());
    if (refusedThere) for (const side of movers) side.withdraw();
    else for (const side of movers) await side.accept();
    return refusedThere;
  },
};

/** Lets all players do something; gives the first thing found. */
async function every(movers: readonly Side[], attempt: Attempt): Promise<NotFinite | undefined> {
  const found: (NotFinite | undefined)[] = [];
  for (const side of movers) found.push(foundBy(side, await attempt(side)));
  return found.find((each) => each !== undefined);
}

/** Lets one player after the other do something until something is found. */
const first = (movers: readonly Side[], attempt: Attempt) =>
  firstOf(movers, (side) => after(attempt(side), (tensor) => foundBy(side, tensor)));

/** What a side has found, if anything. */
export const foundBy = ({ player }: Side, tensor: string | undefined): NotFinite | undefined =>
  tensor === undefined ? undefined : { tensor, player: player.name };
