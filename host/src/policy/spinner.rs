//! A progress line on stderr while a policy is compiled or searches.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar as _;

const FRAME_TIME: Duration = Duration::from_millis(100);
const FRAMES: [char; 4] = ['|', '/', '-', '\\'];

/// An animated progress line, erased when it is dropped.
pub(super) struct Spinner {
    /// Returns the text of the line, escaped; `None` if nothing is to be drawn.
    text: Option<Box<dyn Fn() -> String>>,
    /// The time before the first frame.
    delay: Duration,
    start: Instant,
    /// The number of the frame that was drawn last.
    frame: u128,
}

impl Spinner {
    /// Creates a line that appears after `delay`, if it is `wanted` and stderr is a terminal.
    pub(super) fn new(text: impl Fn() -> String + 'static, delay: Duration, wanted: bool) -> Self {
        let shown = wanted && std::io::stderr().is_terminal();
        let text = shown.then(|| Box::new(text) as Box<dyn Fn() -> String>);
        Self { text, delay, start: Instant::now(), frame: 0 }
    }

    /// Draws the next frame if it is due. Must be called at least ten times a second.
    pub(super) fn update(&mut self) {
        let Some(text) = &self.text else { return };
        let Some(visible) = self.start.elapsed().checked_sub(self.delay) else { return };
        let frame = 1 + visible.as_millis() / FRAME_TIME.as_millis();
        if frame > self.frame {
            self.frame = frame;
            let symbol = FRAMES[(frame % 4) as usize];
            let columns = columns();
            let line = truncate(&format!("{symbol} {}", text()), columns);
            draw(&format!("{line}{}", " ".repeat(columns.saturating_sub(line.chars().count()))));
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if self.frame > 0 {
            draw(&format!("{}\r", " ".repeat(columns())));
        }
    }
}

/// Formats a number with thousands separators: `120,000`.
pub(super) fn group_digits(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn draw(line: &str) {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "\r{line}").and_then(|()| stderr.flush());
}

/// The columns of the terminal but one: a full line would wrap, and could not be erased.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 79 } else { columns - 1 }
}

fn truncate(text: &str, columns: usize) -> String {
    let mut width = 0;
    let fits = |c: &char| {
        width += c.width().unwrap_or(0);
        width <= columns
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::{group_digits, truncate};

    #[test]
    fn digits_are_grouped_by_thousands() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (120_000, "120,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(group_digits(number), text);
        }
    }

    #[test]
    fn a_long_line_is_truncated_to_the_width_of_the_terminal() {
        assert_eq!(truncate("| Compiling", 79), "| Compiling");
        assert_eq!(truncate("| Compiling", 4), "| Co");
        assert_eq!(truncate("プロジェクト", 5), "プロ");
    }
}
