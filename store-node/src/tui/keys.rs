//! Keys written down: `3*4600000000015<Enter><+>500<Enter>`, and a keyboard that presses them without a terminal.

use std::collections::VecDeque;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use messages::v1::till::{TillCommand, TillError, TillReply};
use messages::v1::view::TillView;

use super::screen::{Action, Failure, Input, Screen};
use super::texts::{Language, Texts};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("\"<{0}>\" is not a key: <Enter>, <Esc>, <F1> to <F12>, <+>, <Del>, <Up>, <Ctrl+L> and the like are")]
    Unknown(String),
    #[error("a \"<\" has no \">\" after it; the character itself is written \"<lt>\"")]
    Unclosed,
}

/// Read keys: characters stand for themselves, named keys are in angle brackets.
pub fn parse(text: &str) -> Result<Vec<KeyEvent>, KeysError> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '<' {
            let (name, after) = rest[1..].split_once('>').ok_or(KeysError::Unclosed)?;
            keys.push(named(name).ok_or_else(|| KeysError::Unknown(name.to_owned()))?);
            rest = after;
        } else {
            keys.push(KeyEvent::from(KeyCode::Char(first)));
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(keys)
}

/// The key with this name ("F3", "Ctrl+P", "ё"), without the angle brackets.
pub fn named(name: &str) -> Option<KeyEvent> {
    let lower = name.to_lowercase();
    if let Some(control) = lower.strip_prefix("ctrl+") {
        let mut characters = control.chars();
        let key = KeyEvent::new(KeyCode::Char(characters.next()?), KeyModifiers::CONTROL);
        return characters.next().is_none().then_some(key);
    }
    let code = match lower.as_str() {
        "enter" | "cr" | "return" => KeyCode::Enter,
        "esc" | "escape" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "bs" | "backspace" => KeyCode::Backspace,
        "del" | "delete" => KeyCode::Delete,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pgup" | "pageup" => KeyCode::PageUp,
        "pgdn" | "pagedown" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "ins" | "insert" => KeyCode::Insert,
        "space" => KeyCode::Char(' '),
        "lt" => KeyCode::Char('<'),
        "gt" => KeyCode::Char('>'),
        other => match other.strip_prefix('f').and_then(|number| number.parse().ok()) {
            Some(number @ 1..=12) => KeyCode::F(number),
            _ => {
                let mut characters = name.chars();
                let only = characters.next()?;
                return characters.next().is_none().then(|| KeyEvent::from(KeyCode::Char(only)));
            }
        },
    };
    Some(KeyEvent::from(code))
}

/// The name under which a key is bound and shown.
pub fn name_of(key: &KeyEvent) -> String {
    let name = match key.code {
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            return format!("Ctrl+{}", c.to_uppercase());
        }
        KeyCode::Char(c) => return c.to_lowercase().to_string(),
        KeyCode::F(number) => return format!("F{number}"),
        KeyCode::Enter => "Enter",
        KeyCode::Esc => "Esc",
        KeyCode::Tab => "Tab",
        KeyCode::Backspace => "BS",
        KeyCode::Delete => "Del",
        KeyCode::Insert => "Ins",
        KeyCode::Up => "Up",
        KeyCode::Down => "Down",
        KeyCode::Left => "Left",
        KeyCode::Right => "Right",
        KeyCode::PageUp => "PgUp",
        KeyCode::PageDown => "PgDn",
        KeyCode::Home => "Home",
        KeyCode::End => "End",
        _ => "",
    };
    name.to_owned()
}

/// What pressing keys led to, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a few of them at a time, and nearly all are answers")]
pub enum Outcome {
    /// The till was asked and answered.
    Answered { command: TillCommand, answer: Result<TillReply, TillError> },
    /// The screen itself refused; the till was not asked.
    Refused { code: String, text: String },
    /// The way out was asked for and confirmed.
    Left,
}

/// The reducers of the screen without a terminal: each key is taken when everything before it is done, as if a patient
/// person pressed it. What is half typed stays for the next call.
#[derive(Debug, Default)]
pub struct Keyboard {
    screen: Screen,
}

impl Keyboard {
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// To give the screen what else it needs: the shop's settings, what a search found.
    pub fn screen_mut(&mut self) -> &mut Screen {
        &mut self.screen
    }

    /// Press `keys`. `send` gives a command to the till and returns its answer and the view that holds after it.
    pub async fn press<Sent>(
        &mut self,
        view: Arc<TillView>,
        keys: impl IntoIterator<Item = KeyEvent>,
        send: impl FnMut(TillCommand) -> Sent,
    ) -> Vec<Outcome>
    where
        Sent: Future<Output = (Result<TillReply, TillError>, Arc<TillView>)>,
    {
        self.take(view, keys.into_iter().map(Input::Key).collect(), send).await
    }

    /// What a scanner sent.
    pub async fn scan<Sent>(
        &mut self,
        view: Arc<TillView>,
        data: impl Into<String>,
        send: impl FnMut(TillCommand) -> Sent,
    ) -> Vec<Outcome>
    where
        Sent: Future<Output = (Result<TillReply, TillError>, Arc<TillView>)>,
    {
        self.take(view, VecDeque::from([Input::Scan(data.into())]), send).await
    }

    async fn take<Sent>(
        &mut self,
        mut view: Arc<TillView>,
        inputs: VecDeque<Input>,
        mut send: impl FnMut(TillCommand) -> Sent,
    ) -> Vec<Outcome>
    where
        Sent: Future<Output = (Result<TillReply, TillError>, Arc<TillView>)>,
    {
        let english = Texts::new(Language::En);
        let mut outcomes = Vec::new();
        for input in inputs {
            let refusals_before = self.screen.refusals.len();
            match self.screen.reduce(&view, input) {
                // A terminal without a screen has nobody at work beside it: no search answers, no terminal is stopped.
                None | Some(Action::Search(_) | Action::CancelTerminal) => {}
                Some(Action::Leave) => outcomes.push(Outcome::Left),
                Some(Action::Bell) => {
                    let new = self.screen.refusals.back().filter(|_| self.screen.refusals.len() > refusals_before);
                    outcomes.extend(new.map(|refusal| Outcome::Refused {
                        code: refusal.code.clone(),
                        text: english.refusal(refusal),
                    }));
                }
                Some(Action::Send(command)) => {
                    let (answer, after) = send(command.clone()).await;
                    view = after;
                    let view = &view;
                    self.screen.answered(view, &command, answer.clone().map_err(Failure::Till));
                    outcomes.push(Outcome::Answered { command, answer });
                }
            }
        }
        outcomes
    }
}
