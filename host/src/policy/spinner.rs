//! A line on the terminal while a policy is compiled; gone when that is done.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar as _;

/// Nobody needs to be told of less.
const PATIENCE: Duration = Duration::from_millis(200);
const TURN: Duration = Duration::from_millis(100);
const FRAMES: [char; 4] = ['|', '/', '-', '\\'];

/// A line that turns while it lives.
pub(super) struct Spinner {
    /// `None` where nobody reads it.
    text: Option<String>,
    began: Instant,
    turns: u128,
}

impl Spinner {
    /// Shown if it is `wanted`, and stderr is a terminal. The text is escaped already.
    pub(super) fn new(text: String, wanted: bool) -> Self {
        let text = (wanted && std::io::stderr().is_terminal()).then_some(text);
        Self { text, began: Instant::now(), turns: 0 }
    }

    /// Draws the next frame once it is due; to be called often.
    pub(super) fn turn(&mut self) {
        let Some(text) = &self.text else { return };
        let Some(waited) = self.began.elapsed().checked_sub(PATIENCE) else { return };
        let turns = 1 + waited.as_millis() / TURN.as_millis();
        if turns > self.turns {
            self.turns = turns;
            let frame = FRAMES[(turns % 4) as usize];
            draw(&fitted(&format!("{frame} {text}"), columns()));
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if self.turns > 0 {
            draw(&format!("{}\r", " ".repeat(columns())));
        }
    }
}

fn draw(line: &str) {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "\r{line}").and_then(|()| stderr.flush());
}

/// What fits into a line, the last column left free: a longer one could not be erased.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 79 } else { columns - 1 }
}

fn fitted(text: &str, columns: usize) -> String {
    let mut width = 0;
    let fits = |c: &char| {
        width += c.width().unwrap_or(0);
        width <= columns
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn a_long_line_is_cut_where_the_terminal_ends() {
        assert_eq!(fitted("| Compiling", 79), "| Compiling");
        assert_eq!(fitted("| Compiling", 4), "| Co");
        assert_eq!(fitted("プロジェクト", 5), "プロ");
    }
}
