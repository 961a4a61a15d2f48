//! The cockpit: a config, its fleet, the log engine and the screen, joined.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::actor::{self, Actor, Reachable};
use super::browser;
use super::chronicler::Chronicler;
use super::clipboard;
use super::export;
use super::fleet::Fleet;
use super::history::History;
use super::hosted::Hosted;
use super::keep::{self, Keeper};
use super::look_back;
use super::outlet::Outlet;
use super::questions::Questions;
use super::screen::{Left, Performer, Screen};
use super::told::{host_events, links, windows};
use super::wardrobe::Wardrobe;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::message::Message;
use crate::app::state::{About, Banner, State};
use crate::domain::confirm::Standing;
use crate::domain::host::HostName;
use crate::domain::log_keep::Kept;
use crate::domain::settings::{Clipboard, Settings, UiSettings};
use crate::logs::engine::{self, EngineHandle};
use crate::logs::source::{Start, TailOptions};
use crate::store::Store;
use crate::ui::look::Look;

/// Messages that wait for the screen. Beyond that the workers wait.
const MESSAGES: usize = 1024;
/// The most of each source that is fetched at the start, whatever `[logs] since` says.
const FIRST_BYTES: u64 = 4 << 20;

/// What a cockpit opens with.
pub struct Opening {
    /// The config.
    pub settings: Settings,
    /// A word for the header, such as `demo`.
    pub badge: Option<String>,
    /// What to open at, by its name or address.
    pub at: Option<String>,
    /// What is odd about the config, one line each.
    pub warnings: Vec<String>,
    /// Refuse every action, whatever the config says.
    pub read_only: bool,
    /// Why nothing may be done with this config, where that is so.
    pub off: Option<String>,
    /// The folder that keeps the audit.
    pub folder: PathBuf,
    /// The person's own themes and keys, and the colours of the terminal.
    pub wardrobe: Wardrobe,
    /// What is remembered from one start to the next, or why nothing is.
    pub store: Result<Store, String>,
    /// Where what is kept of the logs' view is, for this config; none: nothing is kept.
    pub keep: Option<PathBuf>,
    /// New configs as they come; `None` where there are no files.
    pub reloads: Option<Reloads>,
}

/// New configs, as the files change and when they are asked for.
pub struct Reloads {
    /// What became of them.
    pub messages: mpsc::Receiver<Message>,
    /// Reads everything again now, changed or not.
    pub again: Arc<Notify>,
}

/// Opens the cockpit and runs it until it is left. Needs a terminal.
pub async fn run(mut opening: Opening) -> io::Result<Left> {
    let (messages, inbox) = mpsc::channel(MESSAGES);
    let settings = opening.settings;
    let size = crossterm::terminal::size()?;
    let mut state = State::new(Arc::new(settings.clone()), Utc::now(), size, opening.badge);
    state.themes = opening.wardrobe.themes();
    if let Some(name) = opening.at {
        let _ = messages.try_send(Message::Command(Command::Go(name)));
    }
    state.acting.standing = Standing::new(opening.read_only);
    state.acting.off = opening.off;
    let (look, faults) = opening.wardrobe.look(&settings.ui);
    let odd = opening.warnings.into_iter().take(1).map(|warning| (About::Config, warning));
    if let (Err(why), None) = (&opening.store, &state.badge) {
        let slack = if settings.hosted.slack.is_some() { ", and Slack is told nothing" } else { "" };
        let text = format!("nothing is remembered{slack}: {why}");
        let _ = messages.try_send(Message::Notice { bad: true, text });
    }
    for (about, text) in odd.chain(faults.into_iter().rev()) {
        state.put_banner(Banner { about, bad: about != About::Config, text });
    }

    let keeper = opening.keep.map(|path| {
        let kept = keep::read(&path).unwrap_or_else(|text| {
            state.put_banner(Banner { about: About::Views, bad: true, text });
            Kept::default()
        });
        state.take_up(&kept);
        Keeper::new(path, kept)
    });

    let engine = engine::start(&settings.logs);
    let questions = Questions::new(messages.clone());
    let clipboard = settings.ui.clipboard.clone();
    let (ui, wardrobe) = (settings.ui.clone(), opening.wardrobe);
    let outlet = Outlet::stdout()?;
    let (reloads, again) = opening.reloads.map(|reloads| (reloads.messages, reloads.again)).unzip();
    let history = opening.store.as_ref().ok().map(|store| History::new(store.clone(), &settings.fleet, settings.store));
    if let Some(history) = history.clone() {
        tokio::spawn(history.clone().follow_runs(messages.clone()));
        tokio::spawn(history.clone().follow_events(messages.clone()));
        tokio::spawn(history.keep_thin());
    }
    let mut crew = Crew {
        messages: messages.clone(),
        outlet: outlet.clone(),
        engine,
        questions,
        actor: Actor::new(opening.folder, messages.clone()),
        looking: JoinSet::new(),
        sought: watch::Sender::new((Arc::new(settings.clone()), false)),
        back: JoinSet::new(),
        fleet: None,
        hosted: Hosted::consult(&settings.hosted, history.as_ref(), &messages),
        history,
        clipboard,
        keeper,
        ui,
        wardrobe,
        again,
    };
    crew.hire(settings);
    tokio::spawn(windows(crew.engine.clone(), messages.clone()));
    let reloaded = messages.clone();
    if let Some(mut reloads) = reloads {
        tokio::spawn(async move {
            while let Some(message) = reloads.recv().await {
                if reloaded.send(message).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(messages);
    Screen::open(outlet, state, look, crew)?.run(inbox).await
}

/// Everything that works for the cockpit.
struct Crew {
    messages: mpsc::Sender<Message>,
    outlet: Outlet,
    engine: EngineHandle,
    questions: Questions,
    actor: Actor,
    /// Looks for runs; ends when it is dropped.
    looking: JoinSet<()>,
    sought: watch::Sender<actor::runs::Sought>,
    /// Looks further back in the logs.
    back: JoinSet<()>,
    fleet: Option<Fleet>,
    hosted: Hosted,
    history: Option<History>,
    clipboard: Clipboard,
    keeper: Option<Keeper>,
    ui: UiSettings,
    wardrobe: Wardrobe,
    again: Option<Arc<Notify>>,
}

impl Crew {
    /// Connects to every host of a config, in place of those of the one before.
    fn hire(&mut self, settings: Settings) {
        self.fleet = None;
        self.looking = JoinSet::new();
        let known = Arc::new(settings.clone());
        self.sought.send_modify(|(settings, _)| *settings = known);
        let since = Utc::now() - settings.logs.since;
        let overflow = settings.logs.overflow;
        let mut fleet = Fleet::connect(settings, Arc::new(self.questions.clone()));
        for (name, transport) in fleet.transports() {
            tokio::spawn(links(name.clone(), transport.link(), self.messages.clone()));
        }
        let links = fleet.transports().map(|(name, transport)| (name.clone(), transport.clone())).collect();
        let (began, begun) = mpsc::channel(MESSAGES);
        let look =
            actor::runs::look(self.sought.subscribe(), links, begun, self.history.clone(), self.messages.clone());
        self.looking.spawn(look);
        let (events, inbox) = mpsc::channel(MESSAGES);
        fleet.watch(&events);
        let chronicler = self.history.clone().map(Chronicler::start);
        tokio::spawn(host_events(inbox, self.engine.clone(), chronicler, began, self.messages.clone()));
        let options =
            TailOptions { start: Start::Lately { since, bytes: FIRST_BYTES }, overflow, ..TailOptions::default() };
        fleet.tail(&options, |_, _| true, &self.engine.feed());
        self.fleet = Some(fleet);
    }

    /// Puts on what the settings and the person's own files say now.
    fn dress(&mut self, look: &mut Look) {
        let faults = self.wardrobe.change(&self.ui, look);
        let (messages, dressed) = (self.messages.clone(), Message::Dressed { themes: self.wardrobe.themes(), faults });
        tokio::spawn(async move { messages.send(dressed).await });
    }

    /// The connections that there are to some hosts.
    fn reachable(&self, hosts: &[HostName]) -> Reachable {
        let held = self.fleet.as_ref().map(|fleet| fleet.hold(hosts)).unwrap_or_default();
        let (mut links, mut open) = (BTreeMap::new(), Vec::new());
        for (host, transport, wire) in held {
            links.insert(host, transport);
            open.push(wire);
        }
        Reachable { links, open }
    }

    fn say(&self, bad: bool, text: impl Into<String>) {
        // The queue is only full when the screen has more to show than this.
        let _ = self.messages.try_send(Message::Notice { bad, text: text.into() });
    }
}

impl Performer for Crew {
    fn wants_background(&self) -> bool {
        self.wardrobe.wants_background()
    }

    fn background(&mut self, light: bool, look: &mut Look) {
        self.wardrobe.background(light, look);
    }

    fn perform(&mut self, effect: Effect, look: &mut Look) {
        let fleet = self.fleet.as_ref();
        match effect {
            Effect::Logs(query) => self.engine.query(query),
            Effect::Keep(kept) => drop(self.keeper.as_ref().map(|keeper| keeper.keep(*kept))),
            Effect::Survey(survey) => {
                let (mut tallies, messages) = (self.engine.survey(survey), self.messages.clone());
                tokio::spawn(async move {
                    while let Some(tally) = tallies.recv().await {
                        if messages.send(Message::Tallied(tally)).await.is_err() {
                            return;
                        }
                    }
                });
            }
            back @ (Effect::Older { .. } | Effect::Around { .. } | Effect::ReadOn { .. } | Effect::StopOlder) => {
                self.back = look_back::perform(back, fleet, &self.engine, &self.messages);
            }
            Effect::Reconnect(host) => drop(fleet.map(|fleet| fleet.reconnect(&host))),
            Effect::Focus(host) => drop(fleet.map(|fleet| fleet.focus(host.as_ref()))),
            Effect::Processes(host) => drop(fleet.map(|fleet| fleet.processes(&host))),
            Effect::Refresh => {
                if let Some(fleet) = fleet {
                    fleet.refresh();
                }
                self.hosted.refresh();
            }
            Effect::Consult(settings) => {
                self.hosted = Hosted::consult(&settings, self.history.as_ref(), &self.messages)
            }
            Effect::LookAt(check) => self.hosted.look_at(check),
            Effect::See(sight) => self.hosted.see(sight),
            Effect::Browse(url) => {
                let (clipboard, outlet, messages) =
                    (self.clipboard.clone(), self.outlet.clone(), self.messages.clone());
                tokio::spawn(async move {
                    if browser::show(&url).await {
                        return;
                    }
                    let (bad, text) = match clipboard::copy(&clipboard, &url, &outlet).await {
                        Ok(()) => (false, "there is no browser here; its address is copied".to_owned()),
                        Err(why) => (true, format!("there is no browser here, and its address is not copied: {why}")),
                    };
                    let _ = messages.send(Message::Notice { bad, text }).await;
                });
            }
            Effect::Answer(id, answer) => self.questions.answer(id, answer),
            Effect::Theme(name) => {
                if let Err(why) = self.wardrobe.put_on(&name, look) {
                    self.say(true, why);
                }
            }
            Effect::Dress(ui) => {
                self.clipboard.clone_from(&ui.clipboard);
                self.ui = *ui;
                self.dress(look);
            }
            Effect::Copy(text) => {
                let (clipboard, messages, outlet) =
                    (self.clipboard.clone(), self.messages.clone(), self.outlet.clone());
                tokio::spawn(async move {
                    if let Err(why) = clipboard::copy(&clipboard, &text, &outlet).await {
                        let _ = messages.send(Message::Notice { bad: true, text: format!("not copied: {why}") }).await;
                    }
                });
            }
            Effect::Export(export, to) => {
                let taken = export::run(self.engine.clone(), export, to, self.clipboard.clone(), self.outlet.clone());
                let messages = self.messages.clone();
                tokio::spawn(async move {
                    let (bad, text) = taken.await.map_or_else(|why| (true, why), |words| (false, words));
                    let _ = messages.send(Message::Notice { bad, text }).await;
                });
            }
            Effect::Propose(ticket, want, settings) => {
                let reachable = self.reachable(&actor::hosts(&want, &settings));
                self.actor.propose(ticket, *want, settings, reachable);
            }
            Effect::Offer(ticket, want, settings) => {
                let reachable = self.reachable(&actor::hosts(&want, &settings));
                self.actor.offer(ticket, *want, &settings, reachable);
            }
            Effect::Forget(ticket) => self.actor.forget(ticket),
            Effect::Carry(ticket, approval, standing) => self.actor.carry(ticket, *approval, *standing),
            Effect::Wish(ticket, wish, approval) => self.actor.wish(ticket, wish, *approval),
            Effect::SeekRuns(settings, watched) => _ = self.sought.send_replace((settings, watched)),
            Effect::TerminalEnded(ticket, code) => self.actor.terminal_ended(ticket, code),
            Effect::Hire(settings) => self.hire(*settings),
            Effect::ReloadConfig => {
                self.dress(look);
                match &self.again {
                    Some(again) => again.notify_one(),
                    None => self.say(false, "themes and keys were read again; there is no config file"),
                }
            }
            Effect::Quit
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Mouse(_)
            | Effect::Bell
            | Effect::Terminal(..) => {}
        }
    }
}
