// Odds in words: what they are called, what they mean, and what to do.

// Returns keys of words, the values in them, and whether it is urgent to say what to do.
export function oddsOf(p, isSafe) {
  const k = Math.min(9, Math.max(1, Math.round(10 * p)));
  if (p >= 0.95 && isSafe) return { words: "odds_4", meaning: "meaning_most", k, todo: null };
  if (p >= 0.8) {
    return { words: "odds_3", meaning: "meaning_k", k, todo: isSafe ? null : "todo_hurry" };
  }
  if (p >= 0.5) return { words: "odds_2", meaning: "meaning_k", k, todo: "todo_doubt" };
  if (p >= 0.15) return { words: "odds_1", meaning: "meaning_k", k, todo: "todo_low" };
  return { words: "odds_0", meaning: "meaning_few", k, todo: "todo_low" };
}

// What a person says of themselves, as the server asks for it. Where there are several words for
// people, the one of the slower is taken. Who needs help with steps and has none is led without.
export function asked(who, isHelped) {
  const said = {
    walk: { mobility: "none" },
    slow: { mobility: "cane" },
    load: { mobility: "pushchair" },
    wheels: isHelped
      ? { mobility: "wheelchair_manual", helpers: 2 }
      : { mobility: "wheelchair_manual", step_free: true },
    steps: isHelped ? { mobility: "walker", helpers: 1 } : { mobility: "walker", step_free: true },
    eyes: isHelped ? { mobility: "blind", helpers: 1 } : { mobility: "blind" },
  };
  return said[who];
}

// Who is asked whether somebody helps: it changes their way or their pace.
export const HELPED = ["wheels", "steps", "eyes"];
