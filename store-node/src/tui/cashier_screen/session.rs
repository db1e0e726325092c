//! One life of the screen, from taking the terminal to giving it back.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Local;
use crossterm::event::KeyCode;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt, OptionFuture};
use messages::v1::till::{TillCommand, TillError, TillReply};
use messages::v1::view::{TillMode, TillView};
use runtime::reference::SendError;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, sleep_until};

use super::finding::Finding;
use super::{Heard, Keys, ScreenState, Wires};
use crate::tui::display::Display;
use crate::tui::model::ViewModel;
use crate::tui::screen::{Action, Failure, Input, Screen, Stage};
use crate::tui::shop::Shop;
use crate::tui::texts::Texts;
use crate::tui::wedge::Wedge;

/// Keys and scans that wait while a command is on its way: half a minute of the fastest scanning.
const INPUTS_MAX: usize = 256;

/// A customer may look for a card for two minutes, and a lost answer is then asked for; drivers give up before this.
const COMMAND_DEADLINE: Duration = Duration::from_secs(240);

/// 60 frames a second are all that a terminal shows.
const FRAME_PERIOD: Duration = Duration::from_millis(16);

/// Most answers come within this; a frame before them would only delay the frame that matters.
const ANSWER_SOON: Duration = Duration::from_millis(12);

/// An answer and the view after it take different ways; the view is milliseconds behind unless its sender is gone.
const VIEW_WITHIN: Duration = Duration::from_millis(50);

/// Nobody reads a question and answers it within this time; a finger that does meant something else.
const READ_MIN: Duration = Duration::from_millis(300);

/// A till shows itself within moments of its start; one that has not by then cannot.
const SILENT_MAX: Duration = Duration::from_secs(5);

/// Clock, ages and the shop's settings.
const CLOCK_PERIOD: Duration = Duration::from_secs(1);

type Answer = Result<Result<TillReply, TillError>, SendError>;

struct OnItsWay {
    command: TillCommand,
    since: Instant,
    answer: BoxFuture<'static, Answer>,
    scanned: bool,
    /// Of the view against which it was sent.
    version: u64,
    /// What the till said, while its view is awaited, and until when.
    said: Option<(Answer, Instant)>,
}

pub(super) struct Session {
    wires: Wires,
    display: Box<dyn Display>,
    keys: Keys,
    scans: mpsc::Receiver<String>,
    state: Rc<RefCell<ScreenState>>,
    texts: Texts,
    screen: Screen,
    wedge: Wedge,
    inputs: VecDeque<Input>,
    on_its_way: Option<OnItsWay>,
    finding: Finding,
    stale: bool,
    drawn_at: Option<Instant>,
    /// When the scan was sent whose line the next frame shows first.
    scan_shown_next: Option<Instant>,
    views_ended: bool,
    shop: Arc<Shop>,
    began: Instant,
    /// When the till asked something last.
    asked_at: Option<Instant>,
}

impl Session {
    pub(super) fn new(
        wires: Wires,
        display: Box<dyn Display>,
        keys: Keys,
        scans: mpsc::Receiver<String>,
        state: Rc<RefCell<ScreenState>>,
        again: bool,
    ) -> Session {
        Session {
            texts: Texts::new(wires.options.language),
            wedge: Wedge::new(wires.options.scanner.clone(), Instant::now()),
            finding: Finding::new(wires.options.finder.clone()),
            wires,
            display,
            keys,
            scans,
            state,
            screen: if again { Screen::restarted() } else { Screen::default() },
            inputs: VecDeque::new(),
            on_its_way: None,
            stale: true,
            drawn_at: None,
            scan_shown_next: None,
            views_ended: false,
            shop: Arc::default(),
            began: Instant::now(),
            asked_at: None,
        }
    }

    pub(super) async fn run(mut self) {
        match self.live().await {
            Ok(()) => tracing::info!("the cashier left"),
            Err(error) => tracing::error!(%error, "the terminal is gone"),
        }
        self.wires.quit.send_replace(true);
    }

    async fn live(&mut self) -> io::Result<()> {
        let mut clock = tokio::time::interval(CLOCK_PERIOD);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while self.on_its_way.is_none()
                && let Some(input) = self.inputs.pop_front()
            {
                if self.take(input)? {
                    return Ok(());
                }
            }
            let settle_at = self.wedge.deadline();
            let draw_at = self.draw_at();
            let view_by = self.on_its_way.as_ref().and_then(|sent| Some(sent.said.as_ref()?.1));
            let asked = self.on_its_way.as_mut().filter(|sent| sent.said.is_none());
            let answer = OptionFuture::from(asked.map(|sent| &mut sent.answer));
            tokio::select! {
                biased;
                Some(answer) = answer => self.heard_answer(answer)?,
                heard = self.keys.next() => match heard {
                    Some(heard) => self.hear(heard?)?,
                    None => return Ok(()),
                },
                Some(data) = self.scans.recv() => self.hear(Heard::Scan(data))?,
                changed = self.wires.views.changed(), if !self.views_ended => {
                    self.views_ended = changed.is_err();
                    self.stale = true;
                    self.view_moved()?;
                }
                () = until(view_by), if view_by.is_some() => self.answered()?,
                () = until(settle_at), if settle_at.is_some() => {
                    let (mut heard, now) = (VecDeque::new(), Instant::now());
                    self.wedge.settle(now, &mut heard);
                    self.queue(heard, now)?;
                }
                (text, items) = self.finding.found() => {
                    let view = self.view();
                    self.screen.reduce(&view, Input::Found { text, items });
                    self.stale = true;
                }
                () = until(draw_at), if draw_at.is_some() => self.draw()?,
                _ = clock.tick() => {
                    self.look_at_till();
                    self.look_at_shop();
                    self.ring_again();
                    self.stale = true;
                }
            }
        }
    }

    fn view(&mut self) -> Arc<TillView> {
        self.wires.views.borrow_and_update().clone()
    }

    /// A till that says why it cannot start, or one that has never shown anything.
    fn look_at_till(&mut self) {
        let said = self.wires.options.trouble.as_ref().and_then(|trouble| trouble.borrow().clone());
        let silent = self.view().version == 0 && self.began.elapsed() > SILENT_MAX;
        self.screen.set_trouble(said.or_else(|| silent.then(|| "no_answer".to_owned())));
    }

    /// A wish that came before the terminal listened was not heard.
    fn ring_again(&mut self) {
        let view = self.view();
        if self.screen.cancels() && self.screen.stage(&view) == (Stage::Terminal { lost: false }) {
            self.wires.options.cancel.ask();
        }
    }

    fn look_at_shop(&mut self) {
        let options = &self.wires.options;
        let (bindings, quick_keys, cash) = ((options.bindings)(), (options.quick_keys)(), (options.cash)());
        if !self.shop.is_of(&bindings, &quick_keys, &cash) {
            self.shop = Arc::new(Shop::new(bindings, quick_keys, cash));
            self.screen.set_shop(self.shop.clone());
        }
    }

    fn hear(&mut self, heard: Heard) -> io::Result<()> {
        match heard {
            Heard::Resized => self.stale = true,
            Heard::Key(..) | Heard::Scan(_) if self.inputs.len() >= INPUTS_MAX => {
                self.screen.too_fast();
                self.stale = true;
                self.display.bell()?;
            }
            Heard::Key(key, at) => {
                let mut heard = VecDeque::new();
                self.wedge.press(key, at, &mut heard);
                self.queue(heard, at)?;
            }
            Heard::Scan(data) => {
                let (mut heard, now) = (VecDeque::new(), Instant::now());
                self.wedge.scanned(data, now, &mut heard);
                self.queue(heard, now)?;
            }
        }
        Ok(())
    }

    /// A key that comes before anybody can have read the question is no answer to it.
    fn queue(&mut self, mut heard: VecDeque<Input>, at: Instant) -> io::Result<()> {
        let unread = self.asked_at.is_some_and(|asked| at < asked + READ_MIN) && self.screen.asks_yes_or_no();
        if unread && heard.iter().any(|input| matches!(input, Input::Key(_))) {
            heard.retain(|input| matches!(input, Input::Scan(_)));
            self.display.bell()?;
        }
        self.inputs.extend(heard);
        self.sift()
    }

    /// While a terminal is at work for our command, Esc goes past the queue and other keys mean nothing: what an impatient
    /// finger presses now must not pay when the terminal has said no. Scans wait, to be refused or sold by what it says.
    fn sift(&mut self) -> io::Result<()> {
        let view = self.view();
        let at_work = self.on_its_way.is_some() && self.screen.stage(&view) == (Stage::Terminal { lost: false });
        if !at_work || self.inputs.iter().all(|input| matches!(input, Input::Scan(_))) {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.inputs);
        let (scans, keys): (VecDeque<_>, VecDeque<_>) =
            waiting.into_iter().partition(|input| matches!(input, Input::Scan(_)));
        self.inputs = scans;
        self.stale = true;
        let stops = keys.into_iter().find(|key| matches!(key, Input::Key(key) if key.code == KeyCode::Esc));
        match stops.and_then(|key| self.screen.reduce(&view, key)) {
            Some(Action::CancelTerminal) => self.wires.options.cancel.ask(),
            _ => self.display.bell()?,
        }
        Ok(())
    }

    /// One input. True if it was the last.
    fn take(&mut self, input: Input) -> io::Result<bool> {
        let view = self.view();
        let scanned = matches!(input, Input::Scan(_));
        self.stale = true;
        match self.screen.reduce(&view, input) {
            None => {}
            Some(Action::Bell) => self.display.bell()?,
            Some(Action::Leave) => return Ok(true),
            Some(Action::Search(text)) => self.finding.look_for(text),
            Some(Action::CancelTerminal) => self.wires.options.cancel.ask(),
            Some(Action::Send(command)) => {
                let till = self.wires.till.clone();
                let asked = command.clone();
                let answer = async move { till.ask_within(COMMAND_DEADLINE, asked).await }.boxed();
                self.state.borrow_mut().commands_sent += 1;
                let (since, version) = (Instant::now(), view.version);
                self.on_its_way = Some(OnItsWay { command, since, answer, scanned, version, said: None });
            }
        }
        Ok(false)
    }

    /// What comes next is judged by the view after the answer, so that view is awaited.
    fn heard_answer(&mut self, answer: Answer) -> io::Result<()> {
        if let Some(sent) = &mut self.on_its_way {
            let reached = answer.is_ok();
            sent.said = Some((answer, Instant::now() + VIEW_WITHIN));
            if !reached || self.views_ended {
                return self.answered();
            }
        }
        self.view_moved()
    }

    fn view_moved(&mut self) -> io::Result<()> {
        let (version, mode) = {
            let view = self.wires.views.borrow();
            (view.version, view.mode)
        };
        match &self.on_its_way {
            // A terminal that has answered is at work no longer: such a view is from before the answer.
            Some(OnItsWay { said: Some((answer, _)), .. })
                if mode == TillMode::WaitingForTerminal
                    && !matches!(answer, Ok(Err(TillError::WaitingForTerminal { .. }))) =>
            {
                Ok(())
            }
            Some(OnItsWay { said: Some(_), version: before, .. }) if version > *before => self.answered(),
            Some(_) => self.sift(),
            None => Ok(()),
        }
    }

    fn answered(&mut self) -> io::Result<()> {
        let Some(OnItsWay { command, since, scanned, said: Some((answer, _)), .. }) = self.on_its_way.take() else {
            return Ok(());
        };
        let view = self.view();
        let answer = match answer {
            Ok(answer) => answer.map_err(Failure::Till),
            Err(error) => Err(Failure::Send(error)),
        };
        if matches!(answer, Err(Failure::Till(TillError::Asks(_)))) {
            // Keys pressed before the question was there are no answers to it; scans are refused one by one.
            self.inputs.retain(|input| matches!(input, Input::Scan(_)));
            self.asked_at = Some(Instant::now());
        }
        if scanned && answer.is_ok() {
            self.scan_shown_next.get_or_insert(since);
        }
        self.stale = true;
        match self.screen.answered(&view, &command, answer) {
            Some(Action::Bell) => self.display.bell(),
            Some(Action::CancelTerminal | Action::Leave | Action::Search(_) | Action::Send(_)) | None => Ok(()),
        }
    }

    /// When the next frame is due, if one is.
    fn draw_at(&self) -> Option<Instant> {
        if !self.stale {
            return None;
        }
        let paced = self.drawn_at.map_or_else(Instant::now, |at| at + FRAME_PERIOD);
        Some(match &self.on_its_way {
            Some(sent) => paced.max(sent.since + ANSWER_SOON),
            None => paced,
        })
    }

    fn draw(&mut self) -> io::Result<()> {
        let view = self.view();
        self.screen.follow(&view);
        let busy = self.on_its_way.as_ref().map(|sent| sent.since.elapsed());
        let now = Local::now().fixed_offset();
        self.display.draw(&ViewModel::of(&self.screen, &view, &self.texts, now, busy))?;
        self.drawn_at = Some(Instant::now());
        self.stale = false;
        let mut state = self.state.borrow_mut();
        state.frames += 1;
        state.inputs_waiting = self.inputs.len();
        state.refusals_unread = self.screen.refusals_unread();
        if let Some(since) = self.scan_shown_next.take() {
            let took = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
            state.scan_to_line_us_last = took;
            state.scan_to_line_us_max = state.scan_to_line_us_max.max(took);
        }
        Ok(())
    }
}

async fn until(at: Option<Instant>) {
    if let Some(at) = at {
        sleep_until(at.into()).await;
    }
}
