//! Further back than what is held: the lines before the oldest, and what is looked for among them.

use super::{logs, toast};
use crate::app::effect::Effect;
use crate::app::state::{LookedBack, LookingBack, State};
use crate::domain::log_reach::Reached;
use crate::domain::log_view::{LookedThrough, RowId, Sought};

/// Asks for what was written before the oldest line.
pub(super) fn more(state: &mut State, effects: &mut Vec<Effect>) {
    if state.logs.window.counting || state.logs.looking_back.is_some() || is_full(state) {
        return;
    }
    let logs = &state.logs;
    // What is looked for already is looked for further.
    let before = logs.looked_back.as_ref().map(|back| back.sought.clone());
    let sought = before.unwrap_or_else(|| Sought { query: logs.wanted().clone(), search: None });
    look(state, sought, None, effects);
}

/// Searches on where nothing that is held matches, back from a row.
pub(super) fn search(state: &mut State, from: RowId, effects: &mut Vec<Effect>) {
    if state.logs.looking_back.is_some() {
        return toast(state, false, "older lines are being looked for; Esc stops that");
    }
    if is_full(state) {
        return;
    }
    let logs = &state.logs;
    // What passes a filter that hosts look for is all there is to be searched.
    let filtered = |back: &&LookedBack| back.sought.search.is_none() && !back.through.is_nothing();
    let sought = match logs.looked_back.as_ref().filter(filtered) {
        Some(back) => back.sought.clone(),
        None => Sought { query: logs.wanted().clone(), search: logs.query.search.clone() },
    };
    look(state, sought, Some(from), effects);
}

/// Says that no more can be held, when that is so.
fn is_full(state: &mut State) -> bool {
    let full = state.logs.window.evicted > 0;
    if full {
        let words = "the memory is full ([logs] memory): what is older was let go; `qd logs --since` reads it";
        toast(state, true, words);
    }
    full
}

fn look(state: &mut State, sought: Sought, from: Option<RowId>, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    let afresh = logs.query.sought.as_deref() != Some(&sought);
    if afresh || logs.looked_back.is_none() {
        let (through, reached) = (LookedThrough::default(), Reached::default());
        logs.looked_back = Some(LookedBack { sought: sought.clone(), through, reached });
        logs::ask(state, effects);
    }
    let logs = &mut state.logs;
    logs.around_asked = None;
    logs.looks += 1;
    logs.looking_back = Some(LookingBack { number: logs.looks, from, through: LookedThrough::default() });
    effects.push(Effect::Older { number: logs.looks, sought, afresh });
}

/// How far a look has come.
pub(super) fn told(state: &mut State, number: u64, through: LookedThrough, reached: Reached) {
    if let Some(looking) = state.logs.looking_back.as_mut().filter(|looking| looking.number == number) {
        looking.through = through;
        // What is stopped has come so far.
        if let Some(back) = &mut state.logs.looked_back {
            back.reached.add(reached);
        }
    }
}

/// What was asked for has been brought.
pub(super) fn brought(
    state: &mut State,
    number: u64,
    through: Option<LookedThrough>,
    reached: Reached,
    effects: &mut Vec<Effect>,
) {
    let logs = &mut state.logs;
    let Some(looking) = logs.looking_back.take_if(|looking| looking.number == number) else { return };
    add(state, through.unwrap_or_default());
    if let Some(back) = &mut state.logs.looked_back {
        back.reached.add(reached);
    }
    let logs = &state.logs;
    // Who has gone elsewhere meanwhile stays there.
    let still = |from: &RowId| !logs.follow && logs.selected == Some(*from) && logs.query.search.is_some();
    if let Some(from) = looking.from.filter(still) {
        logs::seek_again(state, from, effects);
    }
}

/// Nothing older is wanted any more; what was found so far stays.
pub(super) fn stop(state: &mut State, effects: &mut Vec<Effect>) {
    if give_way(state) {
        effects.push(Effect::StopOlder);
        toast(state, false, "stopped; the next look goes on from there");
    }
}

/// Something else is asked of the hosts in its place, which ends it; whether there was anything to end.
pub(super) fn give_way(state: &mut State) -> bool {
    let Some(looking) = state.logs.looking_back.take() else { return false };
    add(state, looking.through);
    true
}

fn add(state: &mut State, through: LookedThrough) {
    if let Some(back) = &mut state.logs.looked_back {
        back.through.add(through);
    }
}
