//! The language of receipt templates: one row, rule or command a line. `deploy/RECEIPT-TEMPLATE.md` says it to people.
//!
//! Whatever can be read can be printed: names and blocks are settled here, so writing cannot fail.

use super::fields::{Field, List, printable};
use super::layout::Style;

/// Lines of a template: the paper of one receipt has fewer, and each may be repeated for every line of a receipt.
const LINES_MAX: usize = 500;
/// Blocks inside each other: more cannot be followed by eye.
const DEPTH_MAX: usize = 8;
/// From this many equal characters on, a line of them is a rule.
const RULE_LETTERS_MIN: usize = 3;

pub(super) enum Node {
    Row(Row),
    Rule(char),
    Qr,
    Cut,
    If { field: &'static Field, then: Vec<Node>, otherwise: Vec<Node> },
    Each { list: List, body: Vec<Node> },
}

pub(super) struct Row {
    pub(super) style: Style,
    pub(super) indent: usize,
    pub(super) left: Vec<Part>,
    pub(super) right: Option<Vec<Part>>,
}

pub(super) enum Part {
    Text(String),
    Field { field: &'static Field, may_be_empty: bool },
}

/// Why a template cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TemplateError {
    /// From 1.
    pub line: usize,
    pub problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("\"{0}\" is not a field of a receipt: deploy/RECEIPT-TEMPLATE.md lists the fields")]
    NoField(String),
    #[error("{{{field}}} can stand only between {lists} and @end")]
    OutsideList { field: &'static str, lists: String },
    #[error(
        "\"{0}\" is not a command: @lines, @all_lines, @discounts, @vat, @tenders, @approvals, @if, @else, @end, @qr or \
         @cut is expected"
    )]
    NoCommand(String),
    #[error("{0} stands alone on its line")]
    Surplus(String),
    #[error("@if needs the name of one field, such as \"@if customer\"")]
    IfWhat,
    #[error("@end ends nothing: no block is open here")]
    EndsNothing,
    #[error("@else can stand only once between @if and @end")]
    ElseOfNothing,
    #[error("{0} is not ended: its @end is missing")]
    NotEnded(String),
    #[error("{0} cannot stand inside another list")]
    ListInList(String),
    #[error("this is block {} inside another: at most {DEPTH_MAX} are allowed", DEPTH_MAX + 1)]
    TooDeep,
    #[error("a template has at most {LINES_MAX} lines")]
    TooLong,
    #[error("the template prints nothing")]
    Empty,
    #[error("a {{ has no }} behind it: write \\{{ for the character itself")]
    NotClosed,
    #[error("a }} has no {{ before it: write \\}} for the character itself")]
    NotOpened,
    #[error("there is more than one |: a row has two columns, write \\| for the character itself")]
    ThirdColumn,
    #[error("{0} is given twice: write \\{0} for the character itself")]
    StyleTwice(char),
    #[error("a row with two columns cannot be centred")]
    CentredColumns,
    #[error("a \\ ends the line: write \\\\ for the character itself")]
    EscapesNothing,
}

/// A block that is not ended.
struct Block {
    line: usize,
    kind: BlockKind,
    nodes: Vec<Node>,
}

enum BlockKind {
    If(&'static Field),
    Else(&'static Field, Vec<Node>),
    Each(&'static str, List),
}

struct Reader {
    line: usize,
    top: Vec<Node>,
    open: Vec<Block>,
}

pub(super) fn parse(template: &str) -> Result<Vec<Node>, TemplateError> {
    let mut reader = Reader { line: 0, top: Vec::new(), open: Vec::new() };
    for line in template.lines() {
        reader.line += 1;
        let read = if reader.line > LINES_MAX { Err(Problem::TooLong) } else { reader.read(line) };
        read.map_err(|problem| TemplateError { line: reader.line, problem })?;
    }
    if let Some(block) = reader.open.pop() {
        let name = match block.kind {
            BlockKind::If(_) | BlockKind::Else(..) => "@if".to_owned(),
            BlockKind::Each(name, _) => format!("@{name}"),
        };
        return Err(TemplateError { line: block.line, problem: Problem::NotEnded(name) });
    }
    if reader.top.is_empty() {
        return Err(TemplateError { line: reader.line.max(1), problem: Problem::Empty });
    }
    Ok(reader.top)
}

impl Reader {
    fn read(&mut self, line: &str) -> Result<(), Problem> {
        let line = line.trim_end();
        let trimmed = line.trim_start();
        if trimmed.starts_with(';') {
            return Ok(());
        }
        if trimmed.starts_with('@') {
            return self.read_command(trimmed);
        }
        let node = match rule(line) {
            Some(letter) => Node::Rule(letter),
            None => Node::Row(self.read_row(line)?),
        };
        self.put(node);
        Ok(())
    }

    fn put(&mut self, node: Node) {
        self.open.last_mut().map_or(&mut self.top, |block| &mut block.nodes).push(node);
    }

    fn read_command(&mut self, command: &str) -> Result<(), Problem> {
        let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        if name == "@if" {
            if rest.is_empty() || rest.contains(char::is_whitespace) {
                return Err(Problem::IfWhat);
            }
            let field = self.field(rest)?;
            return self.begin(BlockKind::If(field));
        }
        let list = List::ALL.into_iter().find(|(list, _)| name[1..] == **list);
        let known = list.is_some() || matches!(name, "@else" | "@end" | "@qr" | "@cut");
        if !known {
            return Err(Problem::NoCommand(name.to_owned()));
        }
        if !rest.is_empty() {
            return Err(Problem::Surplus(name.to_owned()));
        }
        match (name, list) {
            (_, Some((list_name, list))) => {
                if self.list().is_some() {
                    return Err(Problem::ListInList(name.to_owned()));
                }
                return self.begin(BlockKind::Each(list_name, list));
            }
            ("@else", _) => match self.open.pop() {
                Some(Block { line, kind: BlockKind::If(field), nodes }) => {
                    self.open.push(Block { line, kind: BlockKind::Else(field, nodes), nodes: Vec::new() });
                }
                _ => return Err(Problem::ElseOfNothing),
            },
            ("@end", _) => {
                let Block { kind, nodes, .. } = self.open.pop().ok_or(Problem::EndsNothing)?;
                self.put(match kind {
                    BlockKind::If(field) => Node::If { field, then: nodes, otherwise: Vec::new() },
                    BlockKind::Else(field, then) => Node::If { field, then, otherwise: nodes },
                    BlockKind::Each(_, list) => Node::Each { list, body: nodes },
                });
            }
            ("@qr", _) => self.put(Node::Qr),
            _ => self.put(Node::Cut),
        }
        Ok(())
    }

    fn begin(&mut self, kind: BlockKind) -> Result<(), Problem> {
        if self.open.len() == DEPTH_MAX {
            return Err(Problem::TooDeep);
        }
        self.open.push(Block { line: self.line, kind, nodes: Vec::new() });
        Ok(())
    }

    /// The list that is repeated here.
    fn list(&self) -> Option<List> {
        self.open.iter().find_map(|block| match block.kind {
            BlockKind::Each(_, list) => Some(list),
            _ => None,
        })
    }

    fn field(&self, name: &str) -> Result<&'static Field, Problem> {
        let field = Field::find(name).ok_or_else(|| Problem::NoField(name.to_owned()))?;
        let lists = field.lists();
        if lists.is_empty() || self.list().is_some_and(|list| lists.contains(&list)) {
            return Ok(field);
        }
        let names = List::ALL.into_iter().filter(|(_, list)| lists.contains(list));
        let names: Vec<String> = names.map(|(name, _)| format!("@{name}")).collect();
        Err(Problem::OutsideList { field: field.name, lists: names.join(" or ") })
    }

    fn read_row(&self, line: &str) -> Result<Row, Problem> {
        let mut style = Style::default();
        let mut text = line;
        while let Some(mark) = text.chars().next().filter(|mark| matches!(mark, '^' | '!' | '#')) {
            let switch = match mark {
                '^' => &mut style.centre,
                '!' => &mut style.bold,
                _ => &mut style.double,
            };
            if std::mem::replace(switch, true) {
                return Err(Problem::StyleTwice(mark));
            }
            text = &text[1..];
        }
        let words = text.trim_start_matches([' ', '\t']);
        let indent = text.len() - words.len();
        let (left, right) = self.read_parts(words)?;
        if style.centre && right.is_some() {
            return Err(Problem::CentredColumns);
        }
        Ok(Row { style, indent, left, right })
    }

    fn read_parts(&self, text: &str) -> Result<(Vec<Part>, Option<Vec<Part>>), Problem> {
        let (mut left, mut right) = (Vec::new(), None);
        let mut plain = String::new();
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            let column = right.as_mut().unwrap_or(&mut left);
            match letter {
                '\\' => match rest.next().ok_or(Problem::EscapesNothing)? {
                    ' ' => plain.push('\u{A0}'),
                    escaped => plain.push(escaped),
                },
                '{' => {
                    let (name, behind) = rest.as_str().split_once('}').ok_or(Problem::NotClosed)?;
                    rest = behind.chars();
                    let (name, may_be_empty) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
                    let field = self.field(name)?;
                    end_text(column, &mut plain);
                    column.push(Part::Field { field, may_be_empty });
                }
                '}' => return Err(Problem::NotOpened),
                '|' => {
                    end_text(column, &mut plain);
                    if right.replace(Vec::new()).is_some() {
                        return Err(Problem::ThirdColumn);
                    }
                }
                _ => plain.push(letter),
            }
        }
        end_text(right.as_mut().unwrap_or(&mut left), &mut plain);
        Ok((left, right))
    }
}

fn end_text(column: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        column.push(Part::Text(printable(&std::mem::take(plain))));
    }
}

/// The character of a line that is a rule.
fn rule(line: &str) -> Option<char> {
    let first = line.chars().next().filter(|letter| matches!(letter, '-' | '=' | '*' | '_'))?;
    (line.len() >= RULE_LETTERS_MIN && line.chars().all(|letter| letter == first)).then_some(first)
}
