//! What is wrong with a configuration, and how it is shown: file, line, caret, remedy.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use dcx_model::Code;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// The place in the file, in bytes; none where the whole file lacks something.
    pub(crate) span: Option<Range<usize>>,
    /// What to do, for this very case.
    pub(crate) help: String,
    /// Whether the daemon refuses to start. It does start without limits: it then refuses orders.
    pub(crate) fatal: bool,
}

/// A configuration file as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its path as it was given.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Line and column of a byte, both from 1; columns count characters.
    pub(crate) fn line_col(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let col = before.get(line_start..).unwrap_or("").chars().count() + 1;
        (line, col)
    }

    /// The span with its ends moved outwards to whole characters.
    fn whole_chars(&self, span: &Range<usize>) -> Range<usize> {
        let len = self.text.len();
        let down = |at: usize| {
            (0..=at.min(len))
                .rev()
                .find(|at| self.text.is_char_boundary(*at))
        };
        let up = |at: usize| (at.min(len)..=len).find(|at| self.text.is_char_boundary(*at));
        down(span.start).unwrap_or(0)..up(span.end).unwrap_or(len)
    }

    /// The finding as people read it, in the manner of rustc.
    pub(crate) fn render(&self, finding: &Finding, colour: bool) -> String {
        let mut help = finding.help.clone();
        let _ = write!(help, "\n(dcx error {})", finding.code.short());
        let title = Level::ERROR
            .primary_title(finding.message.as_str())
            .id(finding.code.to_string());
        let group = match &finding.span {
            Some(span) => title.element(
                Snippet::source(self.text.as_str())
                    .path(self.path.as_str())
                    .annotation(AnnotationKind::Primary.span(self.whole_chars(span))),
            ),
            None => title.element(annotate_snippets::Origin::path(self.path.as_str())),
        };
        let group = group.element(Level::HELP.message(help));
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.decor_style(DecorStyle::Ascii).render(&[group])
    }
}

/// The name among `known` that `given` was probably meant to be.
pub(crate) fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let tolerated = (given.chars().count() / 3).max(1);
    known
        .iter()
        .map(|name| (distance(given, name), *name))
        .filter(|(distance, _)| *distance <= tolerated)
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be added, removed, replaced or swapped with their neighbour
/// (optimal string alignment) to make `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(&y) && b.get(j - 1) == Some(&x);
            let mut cost = at(&last, j) + usize::from(x != y);
            cost = cost.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    at(&last, b.len())
}

fn at(row: &[usize], ix: usize) -> usize {
    row.get(ix).copied().unwrap_or(usize::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_a_slip_of_the_finger_away() {
        let known = ["order_qty_max", "order_notional_max", "collar_bps"];
        assert_eq!(nearest("order_qty_mx", &known), Some("order_qty_max"));
        assert_eq!(nearest("colalr_bps", &known), Some("collar_bps"));
        assert_eq!(nearest("heartbeat", &known), None);
    }

    #[test]
    fn letters_swapped_count_once() {
        assert_eq!(distance("colalr", "collar"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }

    #[test]
    fn a_byte_is_told_as_line_and_column() {
        let source = Source {
            path: "f".to_owned(),
            text: "a\nbü = 1\n".to_owned(),
        };
        assert_eq!(source.line_col(0), (1, 1));
        assert_eq!(source.line_col(source.text.find('=').unwrap()), (2, 4));
    }
}
