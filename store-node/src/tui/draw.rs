//! Puts a view-model into cells. Nothing moves between the screens: the last line and the total stand where they always do,
//! and a refusal has its own line, so that it pushes nothing away. A taller terminal shows more of the receipt.

mod dialog;
mod digits;
mod figures;
mod table;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Widget, Wrap};

use super::model::{LightModel, Message, MessageKind, Mood, Prompt, ViewModel};

/// The floor: a text console of 25 lines.
pub const WIDTH_MIN: u16 = 80;
pub const HEIGHT_MIN: u16 = 25;

/// A window this wide has the goods on keys beside the receipt, in so many columns.
const PANEL_FROM: u16 = 110;
const PANEL: u16 = 28;

/// Rows under the receipt: the last line, the total, two rules, message, input, status and the border.
const LAST_ROWS: u16 = 3;
const TOTAL_ROWS: u16 = 5;
const BOTTOM_ROWS: u16 = 1 + LAST_ROWS + TOTAL_ROWS + 1 + 2 + 1 + 1 + 1;

pub(super) const QUIET: Style = Style::new().fg(Color::Gray);
pub(super) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);

/// Where the parts are. Columns inside keep one cell free at each border.
struct Places {
    table: Rect,
    first_rule: u16,
    last: Rect,
    total: Rect,
    second_rule: u16,
    message: Rect,
    prompt: Rect,
    third_rule: u16,
    status: Rect,
}

impl Places {
    fn of(area: Rect) -> Places {
        let row = |y, height| Rect { x: area.x + 2, y, width: area.width - 4, height };
        let first_rule = area.bottom() - BOTTOM_ROWS;
        let last = row(first_rule + 1, LAST_ROWS);
        let total = row(last.bottom(), TOTAL_ROWS);
        let second_rule = total.bottom();
        Places {
            table: row(area.y + 1, first_rule - area.y - 1),
            first_rule,
            last,
            total,
            second_rule,
            message: row(second_rule + 1, 1),
            prompt: row(second_rule + 2, 1),
            third_rule: second_rule + 3,
            status: row(second_rule + 4, 1),
        }
    }
}

pub fn draw(model: &ViewModel, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        let says = Paragraph::new(model.too_small.as_str()).style(STRONG).wrap(Wrap { trim: true });
        return frame.render_widget(says, area);
    }
    let places = Places::of(area);
    let buffer = frame.buffer_mut();
    self::frame(model, area, &places, buffer);
    let panel = if area.width >= PANEL_FROM && !model.quick.is_empty() { PANEL } else { 0 };
    let receipt = Rect { width: places.table.width - panel, ..places.table };
    table::draw(&model.table, receipt, buffer);
    if panel > 0 {
        quick(model, Rect { x: receipt.right(), width: panel, ..places.table }, buffer);
    }
    figures::last(&model.last, model.change.as_ref(), places.last, buffer);
    figures::total(&model.total, places.total, buffer);
    status(model, places.status, buffer);
    if let Some(shown) = &model.message {
        message(shown, places.message, buffer);
    }
    let mut cursor = prompt(&model.prompt, places.prompt, buffer);
    if let Some(shown) = &model.dialog {
        let over = Rect { y: area.y + 1, height: places.second_rule - area.y - 1, ..places.table };
        cursor = dialog::draw(shown, over, buffer);
    }
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

fn frame(model: &ViewModel, area: Rect, places: &Places, buffer: &mut Buffer) {
    let (set, style) = match model.mood {
        Mood::Sale => (border::PLAIN, Style::new().fg(Color::Cyan)),
        Mood::Return => (border::DOUBLE, Style::new().fg(Color::Yellow)),
        Mood::Training => (border::QUADRANT_OUTSIDE, Style::new().fg(Color::Magenta)),
        Mood::Stopped => (border::THICK, Style::new().fg(Color::Red)),
    };
    let (left, right) = match model.mood {
        Mood::Sale => ("├", "┤"),
        Mood::Return => ("╟", "╢"),
        Mood::Training => ("▌", "▐"),
        Mood::Stopped => ("┠", "┨"),
    };
    let document = format!(" {} ", model.document);
    let room = area.width.saturating_sub(4 + width(&document));
    let place = cut(&format!(" {} ", model.place), room);
    Block::bordered()
        .border_set(set)
        .border_style(style)
        .title_top(Line::from(Span::styled(place, STRONG)))
        .title_top(Line::from(Span::raw(document)).right_aligned())
        .title_bottom(keys(model, area.width - 2))
        .render(area, buffer);
    for y in [places.first_rule, places.second_rule, places.third_rule] {
        let line = rule(&model.training, area.width - 2);
        buffer.set_string(area.x, y, format!("{left}{line}{right}"), style);
    }
}

/// A rule across the frame; while training the word stands in it again and again.
fn rule(training: &str, columns: u16) -> String {
    let plain = "─".repeat(usize::from(columns));
    if training.is_empty() {
        return plain;
    }
    let piece = format!("── {training} ──");
    let words = piece.repeat(usize::from(columns / width(&piece).max(1)));
    let rest = columns.saturating_sub(width(&words));
    words + &"─".repeat(usize::from(rest))
}

/// As many keys as fit; the first are the most needed.
fn keys(model: &ViewModel, room: u16) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, word) in &model.keys {
        used += width(key) + width(word) + 4;
        if used > room {
            break;
        }
        spans.extend([Span::styled(key.clone(), STRONG), Span::styled(format!(" {word}   "), QUIET)]);
    }
    if let Some(last) = spans.last_mut() {
        *last = Span::styled(last.content.trim_end().to_owned() + " ", last.style);
    }
    Line::from(spans)
}

/// Goods on keys: what to type, and the label.
fn quick(model: &ViewModel, area: Rect, buffer: &mut Buffer) {
    let inside = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    for (y, (key, label)) in (inside.y..inside.bottom()).zip(&model.quick) {
        buffer.set_string(area.x, y, "│", QUIET);
        buffer.set_string(inside.x, y, key, STRONG);
        buffer.set_string(inside.x + 4, y, cut(label, inside.width.saturating_sub(4)), Style::new());
    }
}

fn message(message: &Message, area: Rect, buffer: &mut Buffer) {
    let (mark, style) = match message.kind {
        MessageKind::Refusal => ("!", Style::new().fg(Color::White).bg(Color::Red).add_modifier(Modifier::BOLD)),
        MessageKind::Notice => ("✓", Style::new().fg(Color::Green).add_modifier(Modifier::BOLD)),
    };
    if message.kind == MessageKind::Refusal {
        buffer.set_style(area, style);
    }
    let room = area.width.saturating_sub(width(&message.way_out) + 2);
    buffer.set_string(area.x, area.y, cut(&format!("{mark} {}", message.text), room), style);
    put_right(&message.way_out, area, 0, style, buffer);
}

/// The input line; where its cursor is, if it has one.
fn prompt(prompt: &Prompt, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    buffer.set_string(area.x, area.y, "▸", STRONG);
    let room = area.width.saturating_sub(3 + width(&prompt.busy));
    let text = cut_front(&prompt.text, room.saturating_sub(1));
    if text.is_empty() {
        buffer.set_string(
            area.x + 3,
            area.y,
            cut(&prompt.hint, room.saturating_sub(1)),
            QUIET.add_modifier(Modifier::DIM),
        );
    }
    buffer.set_string(area.x + 2, area.y, &text, STRONG);
    put_right(&prompt.busy, area, 0, Style::new().fg(Color::Yellow), buffer);
    let cursor = Position { x: area.x + 2 + width(&text), y: area.y };
    prompt.active.then_some(cursor)
}

fn status(model: &ViewModel, area: Rect, buffer: &mut Buffer) {
    let badge = match model.mood {
        Mood::Sale => Style::new().fg(Color::Black).bg(Color::Cyan),
        Mood::Return => Style::new().fg(Color::Black).bg(Color::Yellow),
        Mood::Training => Style::new().fg(Color::White).bg(Color::Magenta),
        Mood::Stopped => Style::new().fg(Color::White).bg(Color::Red),
    };
    let mode = format!(" {} ", model.mode);
    let room = area.width.saturating_sub(width(&model.unsent) + 1);
    let details = details(&model.lights, room.saturating_sub(width(&mode)));
    let mut spans = vec![Span::styled(mode, badge.add_modifier(Modifier::BOLD))];
    for (light, detail) in model.lights.iter().zip(details) {
        let (shape, style) = if light.works {
            ("●", Style::new().fg(Color::Green))
        } else {
            ("○", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD))
        };
        spans.push(Span::raw(format!("  {} ", light.word)));
        spans.push(Span::styled(shape, style));
        if !detail.is_empty() {
            spans.push(Span::styled(format!(" {detail}"), style));
        }
    }
    buffer.set_line(area.x, area.y, &Line::from(spans), room);
    put_right(&model.unsent, area, 0, Style::new(), buffer);
}

/// The words behind the lights, the longest cut until all lights fit: a light must be seen, its reason may be shortened.
fn details(lights: &[LightModel], room: u16) -> Vec<String> {
    let mut details: Vec<String> = lights.iter().map(|light| light.detail.clone()).collect();
    let shapes: u16 = lights.iter().map(|light| width(&light.word) + 4).sum();
    while shapes + details.iter().map(|detail| width(detail) + 1).sum::<u16>() > room {
        let Some(longest) = details.iter_mut().max_by_key(|detail| width(detail)) else { break };
        match width(longest) {
            0 => break,
            1 | 2 => longest.clear(),
            columns => *longest = cut(longest, columns - 1),
        }
    }
    details
}

/// Columns of `text` in a terminal.
pub(super) fn width(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// `text` in at most `room` columns, with "…" where it was cut.
pub(super) fn cut(text: &str, room: u16) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while width(&kept) >= room.max(1) && kept.pop().is_some() {}
    if room > 0 { kept + "…" } else { kept }
}

/// The end of `text` in at most `room` columns: of what is typed the last is watched.
fn cut_front(text: &str, room: u16) -> String {
    let mut from = 0;
    while width(&text[from..]) > room {
        from += text[from..].chars().next().map_or(1, char::len_utf8);
    }
    text[from..].to_owned()
}

pub(super) fn put_right(text: &str, area: Rect, row: u16, style: Style, buffer: &mut Buffer) {
    let text = cut(text, area.width);
    buffer.set_string(area.right() - width(&text), area.y + row, &text, style);
}
