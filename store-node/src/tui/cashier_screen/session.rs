//! One life of the screen, from taking the terminal to giving it back.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Local;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt, OptionFuture};
use messages::v1::till::{TillCommand, TillError, TillReply};
use messages::v1::view::TillView;
use runtime::reference::SendError;
use tokio::time::{MissedTickBehavior, sleep_until};

use super::{Heard, Keys, ScreenState, Wires};
use crate::tui::display::Display;
use crate::tui::model::ViewModel;
use crate::tui::screen::{Action, Failure, Input, Screen};
use crate::tui::texts::Texts;
use crate::tui::wedge::Wedge;

/// Keys and scans that wait while a command is on its way: half a minute of the fastest scanning.
const INPUTS_MAX: usize = 256;

/// A fiscal device may print a long receipt for a minute; its driver gives up before this.
const COMMAND_DEADLINE: Duration = Duration::from_secs(90);

/// 60 frames a second are all that a terminal shows.
const FRAME_PERIOD: Duration = Duration::from_millis(16);

/// Most answers come within this; a frame before them would only delay the frame that matters.
const ANSWER_SOON: Duration = Duration::from_millis(12);

/// Clock and ages.
const CLOCK_PERIOD: Duration = Duration::from_secs(1);

type Answer = Result<Result<TillReply, TillError>, SendError>;

struct OnItsWay {
    command: TillCommand,
    since: Instant,
    answer: BoxFuture<'static, Answer>,
    scanned: bool,
}

pub(super) struct Session {
    wires: Wires,
    display: Box<dyn Display>,
    keys: Keys,
    state: Rc<RefCell<ScreenState>>,
    texts: Texts,
    screen: Screen,
    wedge: Wedge,
    inputs: VecDeque<Input>,
    on_its_way: Option<OnItsWay>,
    stale: bool,
    drawn_at: Option<Instant>,
    /// When the scan was sent whose line the next frame shows first.
    scan_shown_next: Option<Instant>,
    views_ended: bool,
}

impl Session {
    pub(super) fn new(
        wires: Wires,
        display: Box<dyn Display>,
        keys: Keys,
        state: Rc<RefCell<ScreenState>>,
        again: bool,
    ) -> Session {
        Session {
            texts: Texts::new(wires.options.language),
            wedge: Wedge::new(wires.options.scanner.clone(), Instant::now()),
            wires,
            display,
            keys,
            state,
            screen: if again { Screen::restarted() } else { Screen::default() },
            inputs: VecDeque::new(),
            on_its_way: None,
            stale: true,
            drawn_at: None,
            scan_shown_next: None,
            views_ended: false,
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
            let answer = OptionFuture::from(self.on_its_way.as_mut().map(|sent| &mut sent.answer));
            tokio::select! {
                biased;
                Some(answer) = answer => self.answered(answer)?,
                heard = self.keys.next() => match heard {
                    Some(heard) => self.hear(heard?)?,
                    None => return Ok(()),
                },
                changed = self.wires.views.changed(), if !self.views_ended => {
                    self.views_ended = changed.is_err();
                    self.stale = true;
                }
                () = until(settle_at), if settle_at.is_some() => self.wedge.settle(Instant::now(), &mut self.inputs),
                () = until(draw_at), if draw_at.is_some() => self.draw()?,
                _ = clock.tick() => self.stale = true,
            }
        }
    }

    fn view(&mut self) -> Arc<TillView> {
        self.wires.views.borrow_and_update().clone()
    }

    fn hear(&mut self, heard: Heard) -> io::Result<()> {
        match heard {
            Heard::Resized => self.stale = true,
            Heard::Key(..) if self.inputs.len() >= INPUTS_MAX => {
                self.screen.too_fast();
                self.stale = true;
                self.display.bell()?;
            }
            Heard::Key(key, at) => self.wedge.press(key, at, &mut self.inputs),
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
            Some(Action::Send(command)) => {
                let till = self.wires.till.clone();
                let asked = command.clone();
                let answer = async move { till.ask_within(COMMAND_DEADLINE, asked).await }.boxed();
                self.state.borrow_mut().commands_sent += 1;
                self.on_its_way = Some(OnItsWay { command, since: Instant::now(), answer, scanned });
            }
        }
        Ok(false)
    }

    fn answered(&mut self, answer: Answer) -> io::Result<()> {
        let Some(sent) = self.on_its_way.take() else { return Ok(()) };
        let view = self.view();
        let answer = match answer {
            Ok(answer) => answer.map_err(Failure::Till),
            Err(error) => Err(Failure::Send(error)),
        };
        if sent.scanned && answer.is_ok() {
            self.scan_shown_next.get_or_insert(sent.since);
        }
        self.stale = true;
        match self.screen.answered(&view, &sent.command, answer) {
            Some(Action::Bell) => self.display.bell(),
            Some(Action::Send(_) | Action::Leave) | None => Ok(()),
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
