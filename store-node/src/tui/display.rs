//! Where frames go: the terminal of the process, or a buffer that a test reads.

use std::io::{self, Stdout, Write, stdout};
use std::sync::Arc;

use crossterm::event::KeyEvent;
use crossterm::{cursor, execute, terminal};
use ratatui::Terminal;
use ratatui::backend::{CrosstermBackend, TestBackend};
use ratatui::buffer::Buffer;
use tokio::sync::watch;

use super::draw;
use super::model::ViewModel;

pub trait Display {
    fn draw(&mut self, model: &ViewModel) -> io::Result<()>;
    fn bell(&mut self) -> io::Result<()>;
}

/// The process's own terminal, taken over for as long as this lives; given back as it was, also when unwinding.
#[derive(Debug)]
pub struct Console {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Console {
    pub fn open() -> io::Result<Console> {
        terminal::enable_raw_mode()?;
        // `Terminal::clear` asks where the cursor is, and a plain terminal on a cable never answers that.
        let clear = terminal::Clear(terminal::ClearType::All);
        let opened = execute!(stdout(), terminal::EnterAlternateScreen, clear)
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match opened {
            Ok(terminal) => Ok(Console { terminal }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        give_back();
    }
}

/// If this fails the terminal is gone, and with it the one who could be told.
fn give_back() {
    execute!(stdout(), terminal::LeaveAlternateScreen, cursor::Show).ok();
    terminal::disable_raw_mode().ok();
}

impl Display for Console {
    fn draw(&mut self, model: &ViewModel) -> io::Result<()> {
        self.terminal.draw(|frame| draw::draw(model, frame)).map(|_| ())
    }

    fn bell(&mut self) -> io::Result<()> {
        let mut out = stdout();
        out.write_all(b"\x07")?;
        out.flush()
    }
}

/// What a headless screen shows.
#[derive(Clone, Debug)]
pub struct Shown {
    pub buffer: Buffer,
    pub frames: u64,
    pub bells: u64,
}

impl Shown {
    /// The frame as lines of text, without spaces at their ends.
    pub fn text(&self) -> String {
        let width = usize::from(self.buffer.area.width).max(1);
        let line = |cells: &[ratatui::buffer::Cell]| {
            let mut text = String::new();
            let mut skip = 0;
            for cell in cells {
                if skip == 0 {
                    text.push_str(cell.symbol());
                    skip = usize::from(draw::width(cell.symbol())).max(1);
                }
                skip -= 1;
            }
            text.trim_end().to_owned() + "\n"
        };
        self.buffer.content.chunks(width).map(line).collect()
    }
}

/// Keys with the time they were pressed, for a screen without a terminal.
pub type TimedKey = (KeyEvent, std::time::Instant);

/// A display that a test looks at. Clones show the same frame.
#[derive(Clone, Debug)]
pub struct Headless {
    terminal: Terminal<TestBackend>,
    shown: Arc<watch::Sender<Shown>>,
}

impl Headless {
    pub fn new(width: u16, height: u16) -> (Headless, watch::Receiver<Shown>) {
        let terminal = Terminal::new(TestBackend::new(width, height)).expect("a buffer in memory can be opened");
        let shown = Shown { buffer: terminal.backend().buffer().clone(), frames: 0, bells: 0 };
        let (sender, receiver) = watch::channel(shown);
        (Headless { terminal, shown: Arc::new(sender) }, receiver)
    }
}

impl Display for Headless {
    fn draw(&mut self, model: &ViewModel) -> io::Result<()> {
        self.terminal.draw(|frame| draw::draw(model, frame)).map_err(io::Error::other)?;
        self.shown.send_modify(|shown| {
            shown.buffer.clone_from(self.terminal.backend().buffer());
            shown.frames += 1;
        });
        Ok(())
    }

    fn bell(&mut self) -> io::Result<()> {
        self.shown.send_modify(|shown| shown.bells += 1);
        Ok(())
    }
}
