//! `qd man`, `qd themes`, `qd schema`: generated from the tables that the program itself works by.

use std::io::Write;

use clap::CommandFactory;

use super::args::{Cli, Global};
use super::exit::{Exit, Outcome};
use super::keys;
use super::own;
use crate::app::state::About;
use crate::config::{LoadOptions, load, schema};
use crate::domain::settings::ThemeChoice;
use crate::ui::theme::Theme;
use crate::ui::theme::role::ROLES;

/// The manual page, for `man -l -`: every command with its options, and the keys.
pub fn man(global: &Global) -> Outcome {
    let mut page = Vec::new();
    let mut cli = Cli::command();
    cli.build();
    let manual = clap_mangen::Man::new(cli.clone());
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    manual.render_synopsis_section(&mut page)?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    writeln!(page, ".SH COMMANDS")?;
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        if name == "help" {
            continue;
        }
        // The options of every command stand above, once.
        let own = command.clone().mut_args(|arg| {
            let global = arg.is_global_set();
            arg.hide(global)
        });
        writeln!(page, ".SS {}", name)?;
        let manual = clap_mangen::Man::new(own);
        manual.render_description_section(&mut page).and_then(|()| manual.render_options_section(&mut page))?;
    }
    let keys = escaped(&keys::listing(&keys::keymap(global)?));
    write!(std::io::stdout(), "{}.SH KEYS\n.nf\n{keys}.fi\n", subsections(&page))?;
    Ok(Exit::Fine)
}

/// Text as it stands, in roff.
fn escaped(text: &str) -> String {
    text.lines().map(|line| format!("\\&{}\n", line.replace('\\', "\\e"))).collect()
}

/// A command's own headings are within its section.
fn subsections(page: &[u8]) -> String {
    let text = String::from_utf8_lossy(page);
    let (head, commands) = text.split_once(".SH COMMANDS\n").unwrap_or((&text, ""));
    let commands: String =
        commands.lines().filter(|line| *line != ".SH DESCRIPTION").map(|line| line.to_owned() + "\n").collect();
    format!("{head}.SH COMMANDS\n{}", commands.replace(".SH OPTIONS\n", ".PP\n"))
}

/// The themes there are, and what a theme says, by meaning.
pub fn themes(global: &Global) -> Outcome {
    let options = LoadOptions::of_process(global.config.clone())?;
    let used = load(&options).map(|loaded| loaded.settings.ui.theme).unwrap_or(ThemeChoice::Auto);
    let used = match used {
        ThemeChoice::Auto => "dark or light, as the terminal is".to_owned(),
        ThemeChoice::Named(name) => name,
        ThemeChoice::ByBackground { dark, light } => format!("{dark} or {light}, as the terminal is"),
    };
    let own = own::read(&options.dirs);
    let mut names: Vec<(String, &str)> = Theme::names().map(|name| (name.to_owned(), "shipped")).collect();
    names.extend(own.themes.keys().map(|name| (name.clone(), "yours")));
    names.sort();
    let mut out = std::io::stdout();
    writeln!(out, "themes (in use: {used}; your own: {}/NAME.toml)", options.dirs.config.join("themes").display())?;
    for (name, whose) in names {
        let fault = Theme::find(&name, &own.themes).err().map(|why| format!(": {why}")).unwrap_or_default();
        writeln!(out, "  {name:<16} {whose}{fault}")?;
    }
    for (_, fault) in own.faults.iter().filter(|(about, _)| *about == About::Theme) {
        writeln!(out, "  {fault}")?;
    }
    writeln!(out, "roles (what a theme gives a style to)")?;
    for entry in ROLES {
        writeln!(out, "  {:<16} {}", entry.name, entry.doc)?;
    }
    Ok(Exit::Fine)
}

/// The config's JSON Schema, for editors.
pub fn schema() -> Outcome {
    let text = serde_json::to_string_pretty(&schema::json_schema()).map_err(anyhow::Error::from)?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(Exit::Fine)
}
