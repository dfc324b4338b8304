//! A debugger as a screen: the file on the left, the workspace and what happens on the right.

use ratatui::backend::TestBackend;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::{Frame, Terminal};

use super::panel::{self, Ink, Row};
use super::run::Happening;
use super::session::{Debugger, Mode};
use super::{Breakpoint, keys, shown};

/// What a terminal can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// It has colours, and they are wanted.
    pub colour: bool,
    /// It shows more than ASCII.
    pub unicode: bool,
}

/// The smallest screen that shows anything of use.
const LEAST: (u16, u16) = (40, 10);
/// Columns that a tab is shown as at most.
const TAB: usize = 4;
/// Columns before a line of the file: what marks it, its number, a blank.
const MARGIN: usize = 8;
/// The most used keys.
const HINT: &str = "s into  n over  o out  f fires  c continue  SNOFC back  b break  e edit  : ?";
/// The colours of what wildcards took.
const COLOURS: [Color; 6] =
    [Color::Yellow, Color::Green, Color::Cyan, Color::Magenta, Color::Blue, Color::Red];

impl Look {
    fn style(self, ink: Ink) -> Style {
        let colour =
            |colour: Color| if self.colour { Style::new().fg(colour) } else { Style::new() };
        match ink {
            Ink::Plain => Style::new(),
            Ink::Heading => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            // terminals without colours show faint text seldom
            Ink::Faint => colour(Color::DarkGray),
            Ink::Good => colour(Color::Green).add_modifier(Modifier::BOLD),
            Ink::Bad => colour(Color::Red).add_modifier(Modifier::BOLD),
            Ink::Took(number) => {
                let found = COLOURS.get(number % COLOURS.len()).copied().unwrap_or(Color::Reset);
                colour(found).add_modifier(Modifier::BOLD)
            }
        }
    }

    fn line(self, row: &Row) -> Line<'static> {
        row.iter().map(|(ink, text)| Span::styled(text.clone(), self.style(*ink))).collect()
    }
}

/// The bars above and below.
const BAR: Style = Style::new().add_modifier(Modifier::REVERSED);

/// The screen as text, a line for each row: for scripts and tests.
#[must_use]
pub fn screen<R>(debugger: &mut Debugger<R>, look: Look, columns: u16, rows: u16) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
    let Ok(_) = terminal.draw(|frame| draw(debugger, look, frame));
    let cells = terminal.backend().buffer().content();
    let mut out = String::new();
    for row in cells.chunks(usize::from(columns).max(1)) {
        let row: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// Draws the debugger. It remembers which lines are shown.
pub fn draw<R>(debugger: &mut Debugger<R>, look: Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("at least {} columns, {} rows, please", LEAST.0, LEAST.1);
        frame.render_widget(Line::raw(text), area);
        return;
    }
    let row = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    title(debugger, look, frame, row(0));
    let body = Rect { y: area.y + 1, height: area.height - 3, ..area };
    debugger.page = u32::from(body.height);
    match &debugger.mode {
        Mode::Help(from) => {
            let lines = help(look, usize::from(body.width));
            let from = (*from).min(lines.len().saturating_sub(usize::from(body.height)));
            debugger.mode = Mode::Help(from);
            put(frame, body, &lines, from);
        }
        Mode::Difference(from) => {
            let lines = difference(debugger, look, usize::from(body.width));
            let from = (*from).min(lines.len().saturating_sub(usize::from(body.height)));
            debugger.mode = Mode::Difference(from);
            put(frame, body, &lines, from);
        }
        _ => side_by_side(debugger, look, frame, body),
    }
    let covered = matches!(debugger.mode, Mode::Help(_) | Mode::Difference(_));
    let hint =
        if covered { "Up Down PgUp PgDn; any other key goes back to the file" } else { HINT };
    frame.render_widget(
        Line::styled(padded(hint, usize::from(area.width)), BAR),
        row(area.height - 2),
    );
    last_row(debugger, look, frame, row(area.height - 1));
}

fn title<R>(debugger: &Debugger<R>, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let name = debugger.source.name().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let edited = if debugger.is_edited() { " (edited)" } else { "" };
    let place = format!(" {} of {} ", debugger.at() + 1, debugger.run().last() + 1);
    let text = format!(
        " {}{edited}  {}  {}",
        shown(name, look.unicode),
        shown(&debugger.address, look.unicode),
        shown(&debugger.task.text(), look.unicode)
    );
    let room = width.saturating_sub(place.len());
    frame.render_widget(Line::styled(padded(&text, room) + &place, BAR), area);
}

/// The file and what stands beside it.
fn side_by_side<R>(debugger: &mut Debugger<R>, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let left = body.width * 9 / 16;
    let file = Rect { width: left, ..body };
    let bar = Rect { x: body.x + left, width: 1, ..body };
    let beside = Rect { x: body.x + left + 2, width: body.width - left - 2, ..body };
    scroll(debugger, u32::from(body.height));
    let rows = (0..body.height).map(|y| file_line(debugger, look, y, usize::from(left)));
    let rows: Vec<Line<'static>> = rows.collect();
    put(frame, file, &rows, 0);
    let bars = vec![Line::styled("|", look.style(Ink::Faint)); usize::from(body.height)];
    put(frame, bar, &bars, 0);
    let rows = panel::rows(debugger, usize::from(beside.width), look.unicode);
    let height = usize::from(beside.height);
    debugger.beside = debugger.beside.min(rows.len().saturating_sub(height));
    let lines: Vec<Line<'static>> = rows.iter().map(|row| look.line(row)).collect();
    put(frame, beside, &lines, debugger.beside);
    if rows.len() > debugger.beside + height {
        let last = Rect { y: beside.y + beside.height - 1, height: 1, ..beside };
        let more = padded("] shows more", usize::from(last.width));
        frame.render_widget(Line::styled(more, look.style(Ink::Faint)), last);
    }
}

/// Keeps the line looked at on the screen, some lines from its edges.
fn scroll<R>(debugger: &mut Debugger<R>, height: u32) {
    let edge = (height / 4).min(3);
    let line = debugger.looked_at;
    let lowest = line.saturating_add(edge + 1).saturating_sub(height).max(1);
    let highest = line.saturating_sub(edge).max(1);
    let is_far = debugger.top > line.saturating_add(height)
        || debugger.top.saturating_add(2 * height) < line;
    if is_far {
        debugger.top = line.saturating_sub(height / 2).max(1);
    }
    debugger.top = debugger.top.clamp(lowest.min(highest), highest.max(lowest));
}

fn file_line<R>(debugger: &Debugger<R>, look: Look, y: u16, width: usize) -> Line<'static> {
    let number = debugger.top + u32::from(y);
    if number as usize > debugger.source.len() {
        return Line::styled("~", look.style(Ink::Faint));
    }
    let (run, at) = (debugger.run(), debugger.at());
    let is_break =
        |stop: &Breakpoint| matches!(stop, Breakpoint::Line { line, .. } if *line == number);
    let at_work =
        run.rule(at).is_some_and(|rule| (rule.span.line..=rule.span.last_line).contains(&number));
    let breaks = if debugger.breakpoints().iter().any(is_break) { '*' } else { ' ' };
    let here = if at_work { '>' } else { ' ' };
    let text = expanded(&shown(debugger.source.line(number), look.unicode));
    let text: String = text.chars().skip(debugger.left).collect();
    let mut style = match run.moment(at).map(|moment| &moment.happening) {
        Some(Happening::Failed { .. }) if at_work => look.style(Ink::Bad),
        _ if at_work => look.style(Ink::Good),
        _ if text.starts_with('#') => look.style(Ink::Faint),
        _ => Style::new(),
    };
    if number == debugger.looked_at {
        style = style.add_modifier(Modifier::REVERSED);
    }
    let margin = Span::styled(
        format!("{breaks}{number:>5}{here} "),
        look.style(if at_work { Ink::Good } else { Ink::Faint }),
    );
    Line::from(vec![margin, Span::styled(padded(&text, width.saturating_sub(MARGIN)), style)])
}

/// Tabs as blanks.
fn expanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for character in text.chars() {
        let blanks = if character == '\t' { TAB - column % TAB } else { 0 };
        out.extend(std::iter::repeat_n(' ', blanks));
        if blanks == 0 {
            out.push(character);
        }
        column += blanks.max(1);
    }
    out
}

/// A text cut or filled to a width.
fn padded(text: &str, width: usize) -> String {
    let cut: String = text.chars().take(width).collect();
    format!("{cut:width$}")
}

fn put(frame: &mut Frame<'_>, area: Rect, lines: &[Line<'static>], from: usize) {
    for (y, line) in lines.iter().skip(from).take(usize::from(area.height)).enumerate() {
        let y = area.y + u16::try_from(y).unwrap_or(u16::MAX);
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn help(look: Look, width: usize) -> Vec<Line<'static>> {
    const FIRST: usize = 30;
    let mut lines = Vec::new();
    for (what, does) in keys::help() {
        if does.is_empty() {
            lines.push(Line::styled(what, look.style(Ink::Heading)));
            continue;
        }
        for (index, row) in
            panel::wrapped(Ink::Plain, does, width.saturating_sub(FIRST)).iter().enumerate()
        {
            let first = if index == 0 { what.as_str() } else { "" };
            let mut line = look.line(row);
            line.spans.insert(0, Span::styled(format!("{first:FIRST$}"), look.style(Ink::Good)));
            lines.push(line);
        }
    }
    lines
}

fn difference<R>(debugger: &Debugger<R>, look: Look, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (tag, text) in debugger.difference_lines() {
        // an edit may be about nothing but a tab
        let text = shown(&text, look.unicode).replace('\t', "^I ");
        match tag {
            "heading" => lines.push(Line::styled(text, look.style(Ink::Heading))),
            tag => {
                let ink = if tag == "was" { Ink::Bad } else { Ink::Good };
                for (index, row) in
                    panel::wrapped(ink, &text, width.saturating_sub(6)).iter().enumerate()
                {
                    let mut line = look.line(row);
                    let tag = if index == 0 { tag } else { "" };
                    line.spans.insert(0, Span::raw(format!("  {tag:4}")));
                    lines.push(line);
                }
            }
        }
    }
    lines
}

/// What is typed, or what there is to be said.
fn last_row<R>(debugger: &Debugger<R>, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let (prompt, input) = match &debugger.mode {
        Mode::Typing(input, _) => (":".to_owned(), input),
        Mode::Editing(line, input) => (format!("{line}: "), input),
        _ => {
            let text = padded(&shown(debugger.message(), look.unicode), usize::from(area.width));
            frame.render_widget(Line::raw(text), area);
            return;
        }
    };
    // a tab is one column here, so that one can be told from blanks
    let typed = |text: &[u8]| shown(text, look.unicode).replace('\t', "^I");
    let (before, after) = input.parts();
    let before = prompt + &typed(before);
    let width = usize::from(area.width).saturating_sub(1).max(1);
    let skipped = before.chars().count().saturating_sub(width);
    let text: String = (before.clone() + &typed(after)).chars().skip(skipped).collect();
    frame.render_widget(Line::raw(padded(&text, usize::from(area.width))), area);
    let column = u16::try_from(before.chars().count() - skipped).unwrap_or(0);
    frame.set_cursor_position(Position { x: area.x + column, y: area.y });
}
