//! Copying and saving rows of the logs. What leaves does so without the secrets in it.

use super::logs::{needs_line, selected};
use super::{log_lists, overlays, toast};
use crate::app::command::Command;
use crate::app::effect::{Effect, ExportTo};
use crate::app::picker::PickerKind;
use crate::app::state::{Overlay, PromptPurpose, State};
use crate::domain::log_export::{Export, ExportForm, Taken};
use crate::domain::log_view::{LogRow, RowContent, RowId};

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::CopyLine => copy(state, Taken::Line, effects),
        Command::CopyEvent => copy(state, Taken::Event, effects),
        Command::CopyField(Some(name)) => copy(state, |id| Taken::Field(id, name), effects),
        Command::CopyField(None) => which_field(state, effects),
        Command::CopyWindow => window(state, effects),
        Command::Save(None) => {
            let name = format!("qd-logs-{}.log", state.now.format("%Y%m%d-%H%M%S"));
            let title = "save every line that passes the filter (.json .csv .md, else raw) to";
            overlays::prompt(state, PromptPurpose::LogSave, title, &name);
            // Whoever types a name of their own replaces the proposal; whoever moves in it first, edits it.
            if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
                prompt.input.select_all();
            }
        }
        Command::Save(Some(name)) => {
            let what = Taken::Passing(state.logs.query.filter.clone());
            let form = ExportForm::of_file(&name);
            effects.push(Effect::Export(Export { what, form, redact: true }, ExportTo::File(name)));
        }
        _ => {}
    }
}

fn copy(state: &mut State, what: impl FnOnce(RowId) -> Taken, effects: &mut Vec<Effect>) {
    if needs_line(state)
        && let Some(id) = state.logs.selected
    {
        let export = Export { what: what(id), form: ExportForm::Raw, redact: true };
        effects.push(Effect::Export(export, ExportTo::Clipboard));
    }
}

/// Lists the fields of the selected line.
fn which_field(state: &mut State, effects: &mut Vec<Effect>) {
    if !needs_line(state) {
        return;
    }
    let has_fields = |row: &LogRow| matches!(&row.content, RowContent::Line { fields, .. } if !fields.is_empty());
    match selected(state).is_some_and(has_fields) {
        true => log_lists::open(state, PickerKind::Copied, effects),
        false => toast(state, true, "no fields are known of this line"),
    }
}

/// What is on the screen, for a ticket.
fn window(state: &mut State, effects: &mut Vec<Effect>) {
    let rows = &state.logs.window.rows;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        toast(state, true, "there is no line to copy");
        return;
    };
    let what = Taken::Between(state.logs.query.filter.clone(), first.id, last.id);
    effects.push(Effect::Export(Export { what, form: ExportForm::Markdown, redact: true }, ExportTo::Clipboard));
}
